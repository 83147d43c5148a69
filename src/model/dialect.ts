export type Protocol = 'v2' | 'v3';

/**
 * What a backend was found to speak.
 *
 * - `v2`: OAP 6.0 to 7.0
 * - `v3`: 8.4 and later
 * - `v3-unpackaged`: 8.0 to 8.3, whose services have no package in their names
 */
export type Dialect = 'v2' | 'v3' | 'v3-unpackaged';

export function protocolOf(dialect: Dialect): Protocol {
  return dialect === 'v2' ? 'v2' : 'v3';
}
