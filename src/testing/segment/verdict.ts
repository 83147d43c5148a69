import type { EndpointRow, Unnumbered } from '../store/row';

/**
 * What the backend makes of a segment. `waiting`: it holds names that have no id yet; those listed are registered by
 * the backend itself, others it only waits for.
 */
export type Verdict =
  | { readonly type: 'shown' }
  | { readonly type: 'dropped'; readonly reason: string }
  | { readonly type: 'waiting'; readonly reason: string; readonly names: MissingNames };

export interface MissingNames {
  readonly networkAddresses: readonly string[];
  readonly endpoints: readonly Unnumbered<EndpointRow>[];
}
