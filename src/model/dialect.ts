export type ProtocolName = 'v2' | 'v3';

/** What a backend was found to speak: a protocol, and how its methods are called there. */
export interface Dialect {
  readonly protocol: ProtocolName;
  /** Before the names of the services: empty, or a package with its dot. */
  readonly package: string;
}
