import type { Clock, Timer } from '../base/clock';

export interface PatienceOptions {
  readonly clock: Clock;
  /** So long it waits for something to move … */
  readonly idleMs: number;
  /** … and so long in all, however much moves. */
  readonly totalMs: number;
  onOver?(): void;
}

const TICK_MS = 100;

/**
 * How long to wait for what others have before us: as long as their queue moves. It counts the ticks of our own event
 * loop, since a loop that stood still while the application was loaded has not waited for anybody.
 */
export class Patience {
  private idleTicks = 0;
  private ticks = 0;
  private timer: Timer | undefined;

  constructor(private readonly options: PatienceOptions) {
    this.arm();
  }

  get isOver(): boolean {
    const { idleMs, totalMs } = this.options;
    return this.idleTicks * TICK_MS >= idleMs || this.ticks * TICK_MS >= totalMs;
  }

  /** Something has moved. */
  renew(): void {
    if (!this.isOver) this.idleTicks = 0;
  }

  /** Nobody waits any more. */
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
