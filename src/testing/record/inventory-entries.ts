import type { Property } from '../store/row';

/** A service that an agent registered; on v3 one that sent a heartbeat or an entry span. */
export interface ServiceEntry {
  /** 0 on v3: names are all there is. */
  readonly id: number;
  readonly name: string;
}

/**
 * An instance that an agent registered; on v3 one that sent a heartbeat, its properties or an entry span. Properties alone
 * do not make its service known.
 */
export interface InstanceEntry {
  /** 0 on v3, and so is the service's. */
  readonly id: number;
  readonly serviceId: number;
  /** The service's name. */
  readonly service: string;
  /** What the agent registered it under: its `instanceUUID`, on v3 its `serviceInstance`. */
  readonly uuid: string;
  /** As OAP 6.x displays it: `<service>-pid:<process_no>@<host_name>`; on v3 the same as `uuid`. */
  readonly name: string;
  /**
   * As given when the instance was created, in order; a key may repeat (`ipv4`). On v3 as reported last, with the keys
   * that only earlier reports had before them; empty until one came, and again after a wipe. OAP 10.1 shows `language`
   * apart, in capitals, and the addresses as one `ipv4s` with commas between.
   */
  readonly properties: readonly Property[];
  /** ISO 8601, what the agent said; on v3 when it was first heard of, by the collector's clock. */
  readonly registeredAt: string;
  /** ISO 8601, when its last heartbeat arrived; null before the first one. */
  readonly heartbeatAt: string | null;
}

/** An endpoint: the name of an entry span. Names of exit and local spans are no endpoints. */
export interface EndpointEntry {
  /** 0 on v3. */
  readonly id: number;
  /** Whatever was registered: no version checks it. 0 on v3. */
  readonly serviceId: number;
  /** The service's name; empty where the id is unknown. */
  readonly service: string;
  readonly name: string;
}

/** v2 only. A `host:port`, with the ids of the service and the instance that stand for it; 0 as long as they do not exist. */
export interface NetworkAddressEntry {
  readonly id: number;
  readonly name: string;
  readonly serviceId: number;
  readonly instanceId: number;
}
