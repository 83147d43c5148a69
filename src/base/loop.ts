import type { Clock, Timer } from './clock';
import { errorMessage } from './text';
import type { Log } from './log';

interface Context {
  setValue(key: symbol, value: unknown): Context;
}

interface ContextManager {
  active(): Context;
  with<T>(context: Context, fn: () => T): T;
}

/** Where every copy of `@opentelemetry/api` 1.x finds the context manager of the process. */
const API = Symbol.for('opentelemetry.js.api.1');
/** What `suppressTracing` of `@opentelemetry/core` sets: a context key is a symbol of the global registry. */
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
const place = globalThis as { [API]?: { readonly context?: ContextManager } };

/**
 * Gives out the context manager of our own, for which it loads code that an application without OpenTelemetry does not
 * need: what we run in it ourselves goes another way.
 */
export type OwnManagerGetter = ((this: void) => unknown) & { readonly runUntraced?: <T>(fn: () => T) => T };

/**
 * Runs `fn` where OpenTelemetry, if the application has it, traces nothing: its instrumentations of gRPC, DNS, sockets
 * and files would otherwise show the agent's own calls. Loads nothing of it.
 */
export function suppressTracing<T>(fn: () => T): T {
  const apis = place[API];
  const { get } = ((apis && Object.getOwnPropertyDescriptor(apis, 'context')) ?? {}) as { get?: OwnManagerGetter };
  if (get?.runUntraced) return get.runUntraced(fn);
  const manager = apis?.context;
  if (!manager) return fn();
  let context: Context;
  try {
    context = manager.active().setValue(SUPPRESS_TRACING, true);
  } catch {
    // The application's context manager is broken. That must not stop us.
    return fn();
  }
  return manager.with(context, fn);
}

interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * Delays that double from `firstMs` to `longestMs`, each jittered by up to a fifth either way. The longest is cut by up to
 * half: agents that lost a backend at one moment come apart while it is away, and do not all come back at one moment.
 */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: BackoffOptions,
  ) {}

  next(): number {
    const { firstMs, longestMs } = this.options;
    // 2 ** 30 is past every longest delay; the exponent is bounded so that days of failing stay finite.
    const plain = firstMs * 2 ** Math.min(this.attempts++, 30);
    const chance = this.clock.random();
    return Math.min(plain * (0.8 + 0.4 * chance), longestMs * (0.5 + 0.5 * chance));
  }

  reset(): void {
    this.attempts = 0;
  }
}

interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** One turn. Resolves to the milliseconds until the next one; `Infinity`: not before the loop is woken. */
  turn(signal: AbortSignal): Promise<number>;
}

/** The delay after a turn that threw, which is a defect of ours. */
const AFTER_FAULT_MS = 5_000;

/** One timer, one turn at a time. Whatever happens, "look at the state, do the next step, sleep" is all it does. */
export class Loop {
  private timer: Timer | undefined;
  private dueAt = Infinity;
  private busy = false;
  private running: Promise<void> = Promise.resolve();
  private turnAbort = new AbortController();
  private stopped = false;

  constructor(private readonly options: LoopOptions) {}

  /** The next turn starts within `ms`; sooner if it was due sooner. During a turn: after it. */
  wake(ms = 0): void {
    if (this.stopped) return;
    const dueAt = this.options.clock.elapsed() + ms;
    if (dueAt >= this.dueAt) return;
    this.dueAt = dueAt;
    if (!this.busy) this.arm();
  }

  /** Aborts the turn that runs, if one does, and starts another at once. */
  interrupt(): void {
    this.turnAbort.abort();
    this.wake();
  }

  /** Aborts the turn that runs, waits for it to end, and starts no other. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    this.turnAbort.abort();
    await this.running;
  }

  private arm(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.stopped || this.dueAt === Infinity) return;
    const ms = Math.max(0, this.dueAt - this.options.clock.elapsed());
    this.timer = this.options.clock.after(ms, () => {
      this.running = this.run();
    });
  }

  private async run(): Promise<void> {
    this.busy = true;
    this.dueAt = Infinity;
    this.turnAbort = new AbortController();
    let nextMs: number;
    try {
      const { signal } = this.turnAbort;
      nextMs = await suppressTracing(() => this.options.turn(signal));
    } catch (error) {
      this.options.log.error(`${this.options.name}: ${errorMessage(error)}`, `loop ${this.options.name}`);
      nextMs = AFTER_FAULT_MS;
    }
    this.busy = false;
    this.dueAt = Math.min(this.dueAt, this.options.clock.elapsed() + nextMs);
    this.arm();
  }
}
