import type { EventEmitter } from 'node:events';
import { define } from '../base/define';

/** Takes a patch off again. A second call does nothing. */
export type Undo = () => void;

export function together(undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo();
  };
}

type Method = (...args: never[]) => unknown;

/**
 * On every function of ours: how to take it off. A second copy of this package in one process (a test runner that
 * loads modules afresh for each file) takes the first one off, rather than trace everything twice.
 */
const UNDO = 'skyanchor.undo';

/** One patched method, as the function in its place sees it. */
export class Patched<F extends Method> {
  /** `false` when it was taken off while a later patch of another module lies on top of it: then it only passes on. */
  isOn = true;
  private readonly above: Record<string | symbol, F>;

  constructor(
    owner: object,
    private readonly name: string | symbol,
    private readonly own: F | undefined,
  ) {
    this.above = Object.getPrototypeOf(owner) as Record<string | symbol, F>;
  }

  /**
   * The method that was there. An inherited method is looked up at every call: code that replaces it on the prototype above after us
   * (`domain` does that to EventEmitter) means to reach us too.
   */
  get below(): F {
    return this.own ?? (this.above[this.name] as F);
  }
}

/**
 * Puts the function that `make` makes in the place of a method, own or inherited. Where that cannot be done (no such
 * method, a getter, a frozen object), nothing is done.
 *
 * @param purpose of one that lies on top of another of ours, which stays. Default: it takes the place of that
 */
export function patch<F extends Method>(
  owner: object,
  name: string | symbol,
  make: (layer: Patched<F>) => F,
  purpose = '',
): Undo {
  const key = Symbol.for(UNDO + purpose);
  const found: unknown = (owner as Record<string | symbol, unknown>)[name];
  if (typeof found !== 'function') return () => undefined;
  (found as { [key]?: Undo })[key]?.();

  const before = Object.getOwnPropertyDescriptor(owner, name);
  if (before && !Object.hasOwn(before, 'value')) return () => undefined;
  const layer = new Patched<F>(owner, name, before?.value as F | undefined);
  const ours = make(layer);
  const undo = () => {
    layer.isOn = false;
    if ((owner as Record<string | symbol, unknown>)[name] !== ours) return;
    if (before) define(owner, name, before);
    else Reflect.deleteProperty(owner, name);
  };
  const { name: shownName, length } = layer.below;
  define(ours, 'name', { value: shownName, configurable: true });
  define(ours, 'length', { value: length, configurable: true });
  define(ours, key, { value: undo, configurable: true });
  // Enumerable as what it hides, so that a `for … in` over a server finds what it always found.
  const shape = before ?? { configurable: true, enumerable: true, writable: true };
  return define(owner, name, { ...shape, value: ours }) ? undo : () => undefined;
}

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
