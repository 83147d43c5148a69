import { createRequire } from 'node:module';
import path from 'node:path';
import { patch, type Patched, type Undo } from '../patch';
import { UndiciQueueTracker } from './undici-queue-tracker';
import { context, type Scope, type Surroundings } from '../../tracing/context';

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
