import type { Property } from '../store/row';

/** A service that an agent registered. */
export interface ServiceEntry {
  readonly id: number;
  readonly name: string;
}

/** An instance that an agent registered. */
export interface InstanceEntry {
  readonly id: number;
  readonly serviceId: number;
  /** The service's name. */
  readonly service: string;
  /** What the agent registered it under: its `instanceUUID`. */
  readonly uuid: string;
  /** As OAP 6.x displays it: `<service>-pid:<process_no>@<host_name>`. */
  readonly name: string;
  /** As given when the instance was created, in order; a key may repeat (`ipv4`). */
  readonly properties: readonly Property[];
  /** ISO 8601, what the agent said. */
  readonly registeredAt: string;
  /** ISO 8601, when the last heartbeat with this id arrived; null before the first one. */
  readonly heartbeatAt: string | null;
}

/** An endpoint: the name of an entry span. Names of exit and local spans are no endpoints. */
export interface EndpointEntry {
  readonly id: number;
  /** Whatever was registered: no version checks it. */
  readonly serviceId: number;
  /** The service's name; empty where the id is unknown. */
  readonly service: string;
  readonly name: string;
}

/** A `host:port`, with the ids of the service and the instance that stand for it; 0 as long as they do not exist. */
export interface NetworkAddressEntry {
  readonly id: number;
  readonly name: string;
  readonly serviceId: number;
  readonly instanceId: number;
}
