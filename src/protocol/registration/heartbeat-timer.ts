import type { Clock } from '../../base/clock';

/** When the next heartbeat is due. */
export class HeartbeatTimer {
  private dueAt = 0;
  private isApart = false;

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
    this.dueAt = this.clock.elapsed() + this.everyMs * (this.isApart ? 1 : this.clock.random());
    this.isApart = true;
  }

  /**
   * A connection was made, perhaps by all agents of a backend at one moment. The next period is cut to a random part of
   * it, so that their heartbeats come apart.
   */
  connected(): void {
    this.isApart = false;
  }

  dueNow(): void {
    this.dueAt = this.clock.elapsed();
  }
}
