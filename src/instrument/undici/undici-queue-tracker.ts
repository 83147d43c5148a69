import type { Scope, Surroundings } from '../../tracing/context';

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
