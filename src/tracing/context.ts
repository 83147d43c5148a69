import { AsyncLocalStorage } from 'node:async_hooks';
import { ForeignHeaders } from '../model/foreign-headers';
import { Span } from '../model/segment';
import type { UnrecordedTrace } from './sampling/unrecorded-trace';

/** The scope of work that belongs to no trace, and nothing it starts: the agent's own calls. */
export const untraced = Symbol('untraced');

/** What new work becomes a child of. */
export type Scope = Span | UnrecordedTrace | typeof untraced;

/** A scope together with what is kept beside it, such as the values of an OpenTelemetry context. */
export abstract class Surroundings {
  /** `undefined`: none; what else is here goes along all the same. */
  abstract readonly scope: Scope | undefined;
  /** What must not be handed on, of the request that all this has begun in. */
  abstract readonly foreign: ForeignHeaders | undefined;
  /** The same around another scope. */
  abstract within(scope: Scope): Surroundings;
}

/** Work that a request has begun, and that is in no scope of the request's: a job with a trace of its own. */
class Elsewhere extends Surroundings {
  constructor(
    readonly scope: Scope | undefined,
    readonly foreign: ForeignHeaders,
  ) {
    super();
  }

  within(scope: Scope): Surroundings {
    return new Elsewhere(scope, foreignIn(scope) ?? this.foreign);
  }
}

/**
 * The one AsyncLocalStorage of the agent. For a channel's `bindStore`; everything else goes by {@link context}. Not a
 * subclass of it, since its own `run` asks `getStore` on Node 24 for what it has to restore.
 */
export const storage = new AsyncLocalStorage<Scope | Surroundings>();

/**
 * As `exit` of Node 24. Before, that turns the storage off, and the next `run` within it turns it on again: the rest
 * would be in the scope that was to be left.
 */
const exit = storage.run.bind(storage, undefined as never) as typeof storage.exit;

/**
 * On a hot path call `context.run(scope, fn, …)` with a function that is shared and its arguments beside it: a closure
 * for each request costs more than the context does. `enterWith` is not for us: nothing leaves what it enters.
 */
export const context = {
  getStore(): Scope | undefined {
    return scopeOf(storage.getStore());
  },

  /** With what is kept beside the scope: for work that goes on later. */
  whole: storage.getStore.bind(storage),

  /** What to run the work of a span in, so that what is kept beside the scope of now goes on. */
  within(scope: Scope): Scope | Surroundings {
    const whole = storage.getStore();
    if (whole instanceof Surroundings) return whole.within(scope);
    const foreign = foreignIn(whole);
    return foreign === undefined || foreignIn(scope) !== undefined ? scope : new Elsewhere(scope, foreign);
  },

  /** No scope, with what must not be handed on of the one of now. */
  noScope(): Surroundings | undefined {
    const foreign = foreignIn(storage.getStore());
    return foreign && new Elsewhere(undefined, foreign);
  },

  /** Runs `fn` in no scope, where the one of now is that of work which is over. */
  leave<T>(fn: () => T, foreign = foreignIn(storage.getStore())): T {
    return foreign === undefined ? exit(fn) : storage.run(new Elsewhere(undefined, foreign), fn);
  },

  run: storage.run.bind<typeof storage.run>(storage),
  exit,
};

/** For code that has asked for the whole already. */
export function scopeOf(whole: Scope | Surroundings | undefined): Scope | undefined {
  return whole instanceof Surroundings ? whole.scope : whole;
}

/** What the work of now must not hand on of the headers of its request. */
export function foreignNow(): ForeignHeaders | undefined {
  return ForeignHeaders.wereAny ? foreignIn(context.whole()) : undefined;
}

/** The same, for code that has asked for the whole already. */
export function foreignIn(whole: Scope | Surroundings | undefined): ForeignHeaders | undefined {
  if (whole === undefined || whole === untraced) return undefined;
  return whole instanceof Span ? whole.segment.foreign : whole.foreign;
}

let left: Scope | undefined;

/**
 * Notes that an exception leaves the scope that is active: `context.run` restores the scope of before, so where nothing
 * catches the exception, `uncaughtExceptionMonitor` is emitted outside of every scope. To be called in a `finally`: for an
 * exception that is thrown again Node prints the line of the second `throw`.
 */
export function noteEscape(): void {
  left = context.getStore();
  // By then the monitor has been called, or the exception was caught.
  queueMicrotask(forgetEscape);
}

/** The scope in which an exception was thrown that has just come to the top. */
export function scopeOfException(): Scope | undefined {
  return context.getStore() ?? left;
}

function forgetEscape(): void {
  left = undefined;
}
