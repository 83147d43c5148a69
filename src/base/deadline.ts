import { errorMessage } from './text';
import type { Clock, Timer } from './clock';
import { AgentError } from '../api/errors';

/** A bound on something that waits: it aborts after a time, or when one of its parents aborts. */
interface Deadline {
  readonly signal: AbortSignal;
  /** The time was up, as opposed to: a parent aborted. */
  readonly timedOut: boolean;
  /** Why it aborted. */
  readonly reason: string;
  /** Removes the timer and the listeners. */
  dispose(): void;
}

export function startDeadline(clock: Clock, ms: number, ...parents: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let isOverdue = false;
  const timer = clock.after(ms, () => {
    isOverdue = true;
    controller.abort(new Error(`no answer within ${ms} ms`));
  });
  const giveUp = (): void => controller.abort(parents.find(({ aborted }) => aborted)?.reason);
  const dispose = (): void => {
    timer.cancel();
    for (const parent of parents) parent.removeEventListener('abort', giveUp);
  };
  for (const parent of parents) parent.addEventListener('abort', giveUp);
  controller.signal.addEventListener('abort', dispose, { once: true });
  if (parents.some(({ aborted }) => aborted)) giveUp();
  return {
    signal: controller.signal,
    get timedOut() {
      return isOverdue;
    },
    get reason() {
      return errorMessage(controller.signal.reason);
    },
    dispose,
  };
}

/** What `promise` settles to, or a rejection with `TIMEOUT` after `ms`; `undefined`: however long it takes. */
export function withTimeout<T>(promise: Promise<T>, ms: number | undefined, clock: Clock, what: string): Promise<T> {
  if (ms === undefined) return promise;
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      reject(new AgentError('TIMEOUT', `${what} took longer than ${ms} ms`));
    });
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

export interface ProgressDeadlineOptions {
  readonly clock: Clock;
  /** The longest time without progress … */
  readonly idleMs: number;
  /** … and the longest time in all. */
  readonly totalMs: number;
  onOver?(): void;
}

const TICK_MS = 100;

/**
 * Bounds a wait for other processes for as long as their queue moves. It counts ticks of our own event loop: a loop that
 * stood still under the application's load has not waited.
 */
export class ProgressDeadline {
  private idleTicks = 0;
  private ticks = 0;
  private timer: Timer | undefined;

  constructor(private readonly options: ProgressDeadlineOptions) {
    this.arm();
  }

  get isOver(): boolean {
    const { idleMs, totalMs } = this.options;
    return this.idleTicks * TICK_MS >= idleMs || this.ticks * TICK_MS >= totalMs;
  }

  /** There was progress. */
  renew(): void {
    if (!this.isOver) this.idleTicks = 0;
  }

  /** Ends the wait. */
  end(): void {
    this.timer?.cancel();
  }

  private arm(): void {
    this.timer = this.options.clock.after(TICK_MS, () => {
      this.ticks++;
      this.idleTicks++;
      if (this.isOver) this.options.onOver?.();
      else this.arm();
    });
  }
}
