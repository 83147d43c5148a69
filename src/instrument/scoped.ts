import type { Scope } from '../tracing/context';

/** On a server's request and on its response, while one of our scopes is theirs. */
export const SCOPE = Symbol('skyanchor.scope');

export interface Scoped {
  [SCOPE]?: Scope;
}
