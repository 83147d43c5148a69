import type { Outcome } from '../../base/outcome';

/** A connection to one backend: a new one, by a new number, whenever the transport underneath was made anew. */
export interface Connection {
  readonly address: string;
  readonly number: number;
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

/** One question to the backend that is connected; the answer is a message. */
export type Ask = (path: string, request: Buffer, signal: AbortSignal) => Promise<Outcome<Buffer>>;
