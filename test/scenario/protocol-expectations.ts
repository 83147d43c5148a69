import { hostname, type } from 'node:os';
import type { Status } from '../../src/api/status';

/** By what a backend knows an instance: ids on v2, names on v3; so stamps and status show it. */
export interface Identity {
  readonly service: string;
  readonly instance: string;
}

/** In what the two protocols differ for an operator of an agent, or a reader of what a backend shows of it. */
export interface Manner {
  readonly protocol: 'v2' | 'v3';
  /** When nothing is left to be told. */
  readonly phase: Status['registration']['phase'];
  /** Ids are given out and asked for, and those of before a wipe are worth nothing after it. */
  readonly hasIds: boolean;
  readonly statusTag: string;
  /** The endpoint name of a page that was got. */
  endpoint(path: string): string;
  /** `undefined` while the backend does not know it. */
  identity(status: Status | undefined): Identity | undefined;
  /** What the backend shows of the process besides its language. */
  attributes(pid: number): Readonly<Record<string, string>>;
}

export const V2: Manner = {
  protocol: 'v2',
  phase: 'registered',
  hasIds: true,
  statusTag: 'status_code',
  endpoint: (path) => path,
  identity: (status) => {
    const { serviceId, instanceId } = status?.registration ?? {};
    // In the midst of registering anew there are none.
    return serviceId && instanceId ? { service: String(serviceId), instance: String(instanceId) } : undefined;
  },
  attributes: (pid) => ({ os_name: type(), host_name: hostname(), process_no: String(pid) }),
};

export const V3: Manner = {
  protocol: 'v3',
  phase: 'connected',
  hasIds: false,
  statusTag: 'http.status_code',
  endpoint: (path) => `GET:${path}`,
  identity: (status) => {
    const { service, instance } = status?.registration.knownAs ?? {};
    return service && instance ? { service: String(service), instance: String(instance) } : undefined;
  },
  attributes: (pid) => ({ 'OS Name': type(), hostname: hostname(), 'Process No.': String(pid) }),
};
