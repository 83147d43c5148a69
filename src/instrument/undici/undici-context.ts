import { createRequire } from 'node:module';
import path from 'node:path';
import { context, type Scope, type Surroundings } from '../../tracing/context';
import { patch, type Patched, type Undo } from '../patch';

/** A dispatcher, as versions 5 to 8 have it. Only a pool has calls that wait in it. */
interface Dispatcher {
  readonly stats?: { readonly queued?: unknown };
  readonly closed?: unknown;
  readonly destroyed?: unknown;
}

interface Call {
  readonly options: object;
  readonly scope: Scope | Surroundings | null;
}

/**
 * The scopes of the calls that wait in a pool for a connection, in the order in which it will let them go on. An
 * application may hand the same options and the same handler to as many calls as it likes: so what tells a call that
 * goes on from a new one is that the pool has just counted one less than we have.
 */
export class UndiciQueueTracker {
  /** Grows with every call that a dispatcher is asked for, and with every request that is made. */
  steps = 0;
  private readonly calls = new WeakMap<object, Call[]>();
  private readonly pools = new WeakMap<object, Set<object>>();

  /** @returns the scope of the call that these options are of, if it has waited and goes on now */
  take(options: object): Scope | Surroundings | null | undefined {
    const pools = this.pools.get(options);
    if (pools === undefined) return undefined;
    for (const pool of pools) {
      const calls = this.calls.get(pool) ?? [];
      const at = calls.findIndex((call) => call.options === options);
      const queue = queueOf(pool);
      if (at === -1 || !queue) pools.delete(pool);
      else if (calls.length > queue.length) return calls.splice(at, 1)[0]?.scope;
    }
    if (pools.size === 0) this.pools.delete(options);
    return undefined;
  }

  /** A dispatcher was asked for a call, and has neither made a request nor asked another dispatcher. */
  add(options: object, dispatcher: object, scope: Scope | Surroundings | null): void {
    const queue = queueOf(dispatcher);
    // Otherwise it has failed.
    if (!queue || queue.isClosed || queue.length === 0) return;
    const calls = this.calls.get(dispatcher) ?? [];
    calls.push({ options, scope });
    // What is more went another way, which we have not seen.
    if (calls.length > queue.length) calls.shift();
    this.calls.set(dispatcher, calls);
    const pools = this.pools.get(options) ?? new Set();
    this.pools.set(options, pools.add(dispatcher));
  }
}

interface Queue {
  readonly length: number;
  /** Takes no more calls; those that wait will go on. */
  readonly isClosed: boolean;
}

/** `undefined`: there is none, or none of it will go on. */
function queueOf(dispatcher: Dispatcher): Queue | undefined {
  try {
    const { stats, closed, destroyed } = dispatcher;
    if (destroyed === true || typeof stats?.queued !== 'number') return undefined;
    return { length: stats.queued, isClosed: closed === true };
  } catch {
    // Made by the application.
    return undefined;
  }
}

type Dispatch = (this: unknown, options: unknown, handler: unknown) => unknown;
type Callback = (this: unknown, first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;

/** On a request: the scope it was made in; `null` is none. */
const SCOPE = Symbol('skyanchor.scope');

interface Scoped {
  [SCOPE]?: Scope | Surroundings | null;
}

/**
 * For a request: what its answer calls, out of which a redirect or a retry is made, and which the caller's listeners and
 * sinks hear of what has arrived. Versions 5 to 7, and 8.
 */
const CALLBACKS = [
  'onHeaders',
  'onData',
  'onComplete',
  'onError',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
];

/**
 * In whose scope undici makes its requests. That is usually the caller's; but a redirect or a retry is made in that of
 * whoever opened the connection, and what waited in a pool in that of whoever frees a connection. So the callbacks of
 * a request run in the scope it was made in, and a call that waited goes on in the one it was made in.
 */
export class UndiciContext {
  private readonly waiting = new UndiciQueueTracker();
  private readonly copies = new WeakSet<object>();
  private readonly undos: Undo[] = [];

  disable(): void {
    for (const undo of this.undos) undo();
  }

  /** A request was made. The first of each copy of undici shows where the copy is. */
  keep(request: object & Scoped): void {
    this.waiting.steps++;
    request[SCOPE] = context.whole() ?? null;
    const copy = request.constructor as { readonly prototype: object };
    if (this.copies.has(copy)) return;
    this.copies.add(copy);
    for (const name of CALLBACKS) this.undos.push(patch<Callback>(copy.prototype, name, callback));
    const dispatcher = dispatcherOf(copy);
    if (dispatcher) this.undos.push(patch<Dispatch>(dispatcher, 'dispatch', (layer) => dispatch(layer, this.waiting)));
  }
}

function callback(layer: Patched<Callback>): Callback {
  return function callback(first, second, third, fourth) {
    const scope = (this as Scoped)[SCOPE];
    if (scope === undefined || scope === (context.whole() ?? null)) {
      return layer.below.call(this, first, second, third, fourth);
    }
    return runIn(scope, layer.below, this, first, second, third, fourth);
  };
}

/** Whoever frees a connection of a pool dispatches a call that waited in it once more, to that connection. */
function dispatch(layer: Patched<Dispatch>, waiting: UndiciQueueTracker): Dispatch {
  return function dispatch(options, handler) {
    if (!layer.isOn || typeof options !== 'object' || options === null) return layer.below.call(this, options, handler);
    const now = context.whole() ?? null;
    const taken = waiting.take(options);
    const scope = taken === undefined ? now : taken;
    const step = ++waiting.steps;
    const result =
      scope === now
        ? layer.below.call(this, options, handler)
        : runIn(scope, layer.below, this, options, handler, undefined, undefined);
    if (waiting.steps === step) waiting.add(options, this as object, scope);
    return result;
  };
}

function runIn(scope: Scope | Surroundings | null, ...args: Parameters<typeof call>): unknown {
  return scope === null ? context.exit(call, ...args) : context.run(scope, call, ...args);
}

function call(
  below: Callback,
  owner: unknown,
  first: unknown,
  second: unknown,
  third: unknown,
  fourth: unknown,
): unknown {
  return below.call(owner, first, second, third, fourth);
}

/**
 * The prototype that all dispatchers of a copy have in common, found by where the copy lies: nothing tells when it is
 * loaded. The copy in Node itself has none that can be found, nor of one that a bundler has taken into another file;
 * Node's needs none, since its pools have no limit.
 */
function dispatcherOf(request: unknown): object | undefined {
  // Any path will do: the cache is one for the process, and a bundle as an ECMAScript module has no `__filename`.
  const { cache } = createRequire(process.execPath);
  for (const [file, module] of Object.entries(cache)) {
    if (module?.exports !== request || !file.endsWith(path.join('core', 'request.js'))) continue;
    const lib = path.dirname(path.dirname(file));
    for (const name of [path.join('dispatcher', 'dispatcher-base.js'), 'dispatcher-base.js']) {
      const { prototype } = (cache[path.join(lib, name)]?.exports ?? {}) as { prototype?: object };
      if (prototype) return prototype;
    }
  }
  return undefined;
}
