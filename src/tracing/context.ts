import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '../model/segment';
import type { UnrecordedTrace } from './sampling/unrecorded-trace';

/** The scope of work that belongs to no trace, and nothing it starts: the agent's own calls. */
export const untraced = Symbol('untraced');

/** What new work becomes a child of. */
export type Scope = Span | UnrecordedTrace | typeof untraced;

/**
 * The one AsyncLocalStorage of the agent. On a hot path call `context.run(scope, fn, …)` with a function that is
 * shared and its arguments beside it: a closure for each request costs more than the context does. `enterWith` is not
 * for us: nothing leaves what it enters.
 */
export const context = new AsyncLocalStorage<Scope>();
