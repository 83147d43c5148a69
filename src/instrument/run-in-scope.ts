import { context } from '../tracing/context';

/** The scope of some work with what is kept beside it, or none. */
export type WholeScope = ReturnType<typeof context.whole>;

type Method = (this: never, first: never, second: never, third: never) => unknown;

/** Calls a method in a scope, which may be none; where that is the scope already, it costs next to nothing. */
export function runInScope(
  scope: WholeScope,
  method: Method,
  owner: unknown,
  first?: unknown,
  second?: unknown,
  third?: unknown,
): unknown {
  if (context.whole() === scope) return call(method, owner, first, second, third);
  if (scope === undefined) return context.exit(call, method, owner, first, second, third);
  return context.run(scope, call, method, owner, first, second, third);
}

function call(method: Method, owner: unknown, first: unknown, second: unknown, third: unknown): unknown {
  return method.call(owner as never, first as never, second as never, third as never);
}
