/**
 * - `v2`: OAP 6.0 to 7.0, registration with integer ids.
 * - `v3`: OAP 8.4 and later, names and no ids. Some of its methods answer without their package too, as those of 10.1 do.
 * - `v3-unpackaged`: OAP 8.0 to 8.3. The same messages, by methods without a package: the three that 8.0 has.
 */
export const BACKEND_PROTOCOLS = ['v2', 'v3', 'v3-unpackaged'] as const;
export type BackendProtocol = (typeof BACKEND_PROTOCOLS)[number];

export const NODE_ROLES = ['mixed', 'receiver', 'aggregator'] as const;
/** What a node does. `receiver`: takes what agents send. `aggregator`: gives out ids and deletes old data. `mixed`: both. */
export type NodeRole = (typeof NODE_ROLES)[number];
