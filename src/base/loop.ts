import { errorMessage } from './text';
import type { Clock, Timer } from './clock';
import type { Log } from './log';
import { suppressTracing } from './suppress-tracing';

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
