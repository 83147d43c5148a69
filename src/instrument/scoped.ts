import type { Scope } from '../tracing/context';
import type { WholeScope } from './run-in-scope';

/** On a server's request and on its response, while one of our scopes is theirs. */
export const SCOPE = Symbol('skyanchor.scope');

export interface Scoped {
  [SCOPE]?: Scope;
}

/**
 * On a client's request and on its response, until they are over: the scope that the request was made in; `null` is none.
 * Node emits some events in that of another request, which opened their connection or made them wait for one.
 */
export const CALLER = Symbol('skyanchor.caller');

export interface Called {
  [CALLER]?: WholeScope | null;
}
