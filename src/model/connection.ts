import type { ProtocolName } from './dialect';

/** A connection to one backend: a new one, by a new number, whenever the transport underneath was made anew. */
export interface Connection {
  /** `host:port` as configured. */
  readonly address: string;
  readonly number: number;
  readonly protocol: ProtocolName;
}
