import { createRequire } from 'node:module';
import path from 'node:path';
import { context, type Scope, type Surroundings } from '../../tracing/context';
import { patch, type Patched, type Undo } from '../patch';
import { isElsewhere } from '../run-in-scope';

/** A call that waits in a pool, as versions 5 to 8 have it. There is one for each time that a call has to wait. */
interface WaitingCall {
  readonly opts: unknown;
  readonly handler: unknown;
}

/**
 * The scopes of the calls that wait in a pool for a connection. An application may hand the same options and the same
 * handler to as many calls as it likes: only what lies in the pool's queue is one call's alone.
 */
export class UndiciQueueTracker {
  private readonly scopes = new WeakMap<WaitingCall, Scope | Surroundings | null>();
  /** Has left its queue, and is dispatched next. */
  private next: WaitingCall | undefined;

  /** Something was put into a queue of undici's; its WebSockets have other things in theirs. */
  pushed(item: unknown): void {
    if (isCall(item)) this.scopes.set(item, context.whole() ?? null);
  }

  /** Something has left its queue, if there was anything in it. */
  shifted(item: unknown): void {
    this.next = isCall(item) ? item : undefined;
  }

  /** @returns the scope of the call that is dispatched, if it has waited and goes on now */
  take(options: unknown, handler: unknown): Scope | Surroundings | null | undefined {
    const { next } = this;
    if (next === undefined || next.opts !== options || next.handler !== handler) return undefined;
    this.next = undefined;
    return this.scopes.get(next);
  }
}

function isCall(item: unknown): item is WaitingCall {
  return typeof item === 'object' && item !== null && 'opts' in item && 'handler' in item;
}

type Dispatch = (this: unknown, options: unknown, handler: unknown) => unknown;
type Push = (this: unknown, item: unknown) => unknown;
type Shift = (this: unknown) => unknown;
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
    request[SCOPE] = context.whole() ?? null;
    const copy = request.constructor as { readonly prototype: object };
    if (this.copies.has(copy)) return;
    this.copies.add(copy);
    for (const name of CALLBACKS) this.undos.push(patch<Callback>(copy.prototype, name, callback));
    this.watchQueues(copy);
  }

  /**
   * Nothing has waited before the first request is made: a pool's connections are all busy only then. So what an
   * application has put together before, out of its dispatchers' methods, makes no difference; what it puts in the place of a
   * pool's own clients does.
   */
  private watchQueues(copy: unknown): void {
    const lib = folderOf(copy);
    const queue = prototypeIn(lib, [path.join('dispatcher', 'fixed-queue.js'), path.join('node', 'fixed-queue.js')]);
    const dispatcher = prototypeIn(lib, [path.join('dispatcher', 'dispatcher-base.js'), 'dispatcher-base.js']);
    if (!queue || !dispatcher) return;
    this.undos.push(
      patch<Push>(queue, 'push', (layer) => push(layer, this.waiting)),
      patch<Shift>(queue, 'shift', (layer) => shift(layer, this.waiting)),
      patch<Dispatch>(dispatcher, 'dispatch', (layer) => dispatch(layer, this.waiting)),
    );
  }
}

function callback(layer: Patched<Callback>): Callback {
  return function callback(first, second, third, fourth) {
    const scope = (this as Scoped)[SCOPE];
    if (!isElsewhere(scope)) return layer.below.call(this, first, second, third, fourth);
    return runIn(scope, layer.below, this, first, second, third, fourth);
  };
}

function push(layer: Patched<Push>, waiting: UndiciQueueTracker): Push {
  return function push(item) {
    if (layer.isOn) waiting.pushed(item);
    return layer.below.call(this, item);
  };
}

function shift(layer: Patched<Shift>, waiting: UndiciQueueTracker): Shift {
  return function shift() {
    const item = layer.below.call(this);
    if (layer.isOn) waiting.shifted(item);
    return item;
  };
}

/** What frees a connection of a pool dispatches a call that waited in it once more, to that connection. */
function dispatch(layer: Patched<Dispatch>, waiting: UndiciQueueTracker): Dispatch {
  return function dispatch(options, handler) {
    const scope = layer.isOn ? waiting.take(options, handler) : undefined;
    if (!isElsewhere(scope)) return layer.below.call(this, options, handler);
    return runIn(scope, layer.below, this, options, handler, undefined, undefined);
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
 * The folder `lib` of a copy, found by where its requests are made: nothing tells when it is loaded. The copy in Node
 * itself has none that can be found, nor has one that a bundler has taken into another file; Node's needs none, since its
 * pools have no limit.
 */
function folderOf(request: unknown): string | undefined {
  for (const [file, module] of Object.entries(loaded())) {
    if (module?.exports === request && file.endsWith(path.join('core', 'request.js')))
      return path.dirname(path.dirname(file));
  }
  return undefined;
}

/** The prototype of the class that one of these files exports: which of them there is depends on the version. */
function prototypeIn(lib: string | undefined, files: readonly string[]): object | undefined {
  if (lib === undefined) return undefined;
  for (const file of files) {
    const { prototype } = (loaded()[path.join(lib, file)]?.exports ?? {}) as { prototype?: object };
    if (prototype) return prototype;
  }
  return undefined;
}

/** Any path will do: the cache is one for the process, and a bundle as an ECMAScript module has no `__filename`. */
function loaded(): NodeJS.Dict<NodeJS.Module> {
  return createRequire(process.execPath).cache;
}
