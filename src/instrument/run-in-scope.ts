import { context, noteEscape } from '../tracing/context';
import { forward } from './patch';

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

/** @param scope of what was made in none it is `null`; undefined: of what is none of ours */
export function isElsewhere(scope: WholeScope | null): scope is NonNullable<WholeScope> | null {
  return scope !== undefined && scope !== (context.whole() ?? null);
}

/** Emits an event in another scope than that of now. @param scope `null`: none */
export function emitIn(scope: NonNullable<WholeScope> | null, ...event: Parameters<typeof forward>): boolean {
  return scope === null ? context.exit(forwardInScope, ...event) : context.run(scope, forwardInScope, ...event);
}

export function forwardInScope(...event: Parameters<typeof forward>): boolean {
  let isDone = false;
  try {
    const isHeard = forward(...event);
    isDone = true;
    return isHeard;
  } finally {
    if (!isDone) noteEscape();
  }
}

function call(method: Method, owner: unknown, first: unknown, second: unknown, third: unknown): unknown {
  return method.call(owner as never, first as never, second as never, third as never);
}
