import timers from 'node:timers';
import { patch, type Patched, type Undo } from './patch';
import { context, untraced, type Scope } from '../tracing/context';
import { Span } from '../model/segment';

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type SetInterval = (this: unknown, callback: unknown, ...more: unknown[]) => unknown;

/**
 * An interval that is first started within a request (a cache that refreshes itself, a connection that is kept alive)
 * outlives it, and would fill its trace for as long as the process lives. So its turns are in the request's scope while
 * that is being worked on, and in none afterwards.
 */
export function intervals(): Undo[] {
  return [globalThis, timers].map((owner) => patch<SetInterval>(owner, 'setInterval', setInterval));
}

function setInterval(layer: Patched<SetInterval>): SetInterval {
  return function setInterval(callback, ...more) {
    const scope = layer.isOn ? context.getStore() : undefined;
    const isBound = scope !== undefined && scope !== untraced && typeof callback === 'function';
    return layer.below.call(this, isBound ? turn(callback as Callback, scope) : callback, ...more);
  };
}

function turn(callback: Callback, scope: Exclude<Scope, typeof untraced>): Callback {
  return function (...args) {
    const isOpen = scope instanceof Span ? scope.segment.openSpans > 0 : !scope.isOver;
    if (isOpen) return callback.apply(this, args);
    return context.leave(() => callback.apply(this, args));
  };
}
