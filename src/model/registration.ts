import type { ProtocolName } from './dialect';

/** The names of one instance: as configured, or as a v3 backend knows us, which cuts what is over its limits. */
export interface InstanceName {
  readonly serviceName: string;
  readonly instanceName: string;
}

/** How a backend wants the service to behave. */
export interface Configuration {
  /** Another one whenever the values are. */
  readonly uuid: string;
  readonly values: ReadonlyMap<string, string>;
}

export interface InstanceRegistration {
  readonly serviceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** In order; a key may repeat. */
  readonly properties: readonly (readonly [key: string, value: string])[];
}

export interface Heartbeat {
  readonly instanceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** A connection to one backend: a new one, by a new number, whenever the transport underneath was made anew. */
export interface Connection {
  /** `host:port` as configured. */
  readonly address: string;
  readonly number: number;
  readonly protocol: ProtocolName;
}
