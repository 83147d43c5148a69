import type { Clock } from '../../base/clock';

/** When the next heartbeat is due. */
export class HeartbeatTimer {
  private dueAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {}

  /** Milliseconds; 0: now. */
  dueInMs(): number {
    return Math.max(0, this.dueAt - this.clock.elapsed());
  }

  /** One is on its way. */
  sent(): void {
    this.dueAt = this.clock.elapsed() + this.everyMs;
  }

  dueNow(): void {
    this.dueAt = this.clock.elapsed();
  }
}
