import type { Dialect } from './dialect';

/** What a backend knows us by, and what it knows of our names; undefined where that is not settled: nothing is sent then. */
export type Names = V2Names | V3Names;

/** Which names a v2 backend can keep: it loses a segment with any other. */
export interface NameBounds {
  /** A name of our own without what is over the limit. The ids that are looked up are of such names. */
  fitting(name: string): string;
  /** The same of a `host:port`, which may be as long as there is room: other agents know it whole. */
  fittingAddress(address: string): string;
  /** Whether a name that another agent has given, and that is not ours to cut, can have an id. */
  canHold(name: string): boolean;
}

/** The ids of a v2 backend, as known now. It is the agent's dictionaries seen from the encoder. */
export interface V2Names extends NameBounds {
  readonly protocol: 'v2';
  /** That of the registration: counts up when ids may have become others, so those of different epochs never meet. */
  readonly epoch: number;
  readonly serviceId: number;
  readonly instanceId: number;
  /** The id of an endpoint of our own service; 0: none, send the name. */
  endpoint(name: string): number;
  /** The id of a `host:port`; 0: none, send the name. */
  networkAddress(name: string): number;
  /** The way back, also once the epoch has ended: what was encoded with an id is encoded anew by its name. */
  endpointOf(id: number): string | undefined;
  networkAddressOf(id: number): string | undefined;
}

/** A v3 backend takes names as they are. */
export interface V3Names {
  readonly protocol: 'v3';
  readonly epoch: number;
  readonly service: string;
  readonly instance: string;
  /** The name as the backend takes it: without what is over its limit. */
  endpoint(name: string): string;
}

/**
 * What was encoded with `names` may go to a backend that knows us by those of now. On v3 these are words, the same as
 * long as the process lives.
 */
export function isCompatible(names: Names, now: Names): boolean {
  return names.protocol === now.protocol && (names.protocol === 'v3' || names.epoch === now.epoch);
}

/** Whether these are the names by which a backend knows us that speaks this dialect. */
export function matchesDialect(names: Names | undefined, dialect: Dialect): names is Names {
  return names?.protocol === dialect.protocol;
}
