import type { Outcome } from '../base/outcome';

/** A connection to one backend: a new one, by a new number, whenever the transport underneath was made anew. */
export interface Connection {
  /** `host:port` as configured. */
  readonly address: string;
  /** Counts up; two connections never share a number. */
  readonly number: number;
}

export interface InstanceRegistration {
  readonly serviceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** In order; a key may repeat (`ipv4`). */
  readonly properties: readonly (readonly [key: string, value: string])[];
}

export interface Heartbeat {
  readonly instanceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * What the registrar needs of a v2 backend; `wire` fits it by shape. Every question is bounded by a deadline of its
 * own, and is given up when the signal aborts. `undefined` and absent keys mean: not yet, ask again.
 */
export interface RegistryApi {
  /** The connection of now, made if there is none. Fails to the next address of the list, one address a call. */
  connect(signal: AbortSignal): Promise<Outcome<Connection>>;
  registerService(name: string, signal: AbortSignal): Promise<Outcome<number | undefined>>;
  registerInstance(instance: InstanceRegistration, signal: AbortSignal): Promise<Outcome<number | undefined>>;
  /** `reset`: the backend does not know this instance id (`ServiceMetadataReset`). */
  heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<Outcome<{ readonly reset: boolean }>>;
  registerNetworkAddresses(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>>;
  registerEndpoints(
    serviceId: number,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>>;
}
