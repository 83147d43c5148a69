import type { EventEmitter } from 'node:events';

/**
 * `emit` as all our patches of it are shaped: a rest parameter for everything would cost four times as much as fixed
 * ones, and nearly every event has two arguments at most.
 */
export type Emit = (
  this: EventEmitter,
  event: string | symbol,
  first?: unknown,
  second?: unknown,
  ...more: unknown[]
) => boolean;

/**
 * Looks where `emit` itself looks next. Any other property, `listenerCount` for one, costs half a microsecond on Node 20
 * where express has given the emitter another prototype: after that V8 finds each name anew.
 */
export function hasListeners(emitter: EventEmitter, event: string | symbol): boolean {
  const { _events: listeners } = emitter as { readonly _events?: Readonly<Record<string | symbol, unknown>> | null };
  return listeners ? listeners[event] !== undefined : emitter.listenerCount(event) > 0;
}

/** Calls `emit` with just as many arguments as there were: listeners can count them. */
export function forward(
  emit: Emit,
  emitter: EventEmitter,
  count: number,
  event: string | symbol,
  first: unknown,
  second: unknown,
  more: readonly unknown[],
): boolean {
  switch (count) {
    case 0:
    case 1:
      return emit.call(emitter, event);
    case 2:
      return emit.call(emitter, event, first);
    case 3:
      return emit.call(emitter, event, first, second);
    default:
      return emit.call(emitter, event, first, second, ...more);
  }
}
