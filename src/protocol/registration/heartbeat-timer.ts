import type { Clock } from '../../base/clock';
import type { ProtocolName } from '../../model/dialect';

/** How far apart the agents of a protocol send them, unless a user has configured it. */
export const HEARTBEAT_MS: Readonly<Record<ProtocolName, number>> = { v2: 3_000, v3: 30_000 };

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
   * Cuts the next period to a random part of it: after a connection, which all agents of a backend may have made at one
   * moment, so that their heartbeats come apart.
   */
  scatter(): void {
    this.isApart = false;
  }

  dueNow(): void {
    this.dueAt = this.clock.elapsed();
  }
}
