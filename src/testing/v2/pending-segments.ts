import type { Clock } from '../../base/clock';
import { Log } from '../../base/log';
import { Loop } from '../../base/loop';
import type { Logger } from '../../api/options';
import type { IncomingSegment } from './wire-segment';
import type { Validity } from './validate';

interface PendingSegmentsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** From one attempt to the next. */
  readonly retryMs: number;
  /** A batch waits no longer. */
  readonly waitMs: number;
  /** The most segments that wait; more are dropped. */
  readonly most: number;
  readonly judge: (segment: IncomingSegment) => Promise<Validity>;
  readonly onShown: (segment: IncomingSegment) => void;
  readonly onDropped: (segment: IncomingSegment, reason: string) => void;
}

/** How many the real server reads from its buffer file at once. */
const MAX_IN_BATCH = 100;

/**
 * Where segments wait whose names have no ids yet. One batch is in it at a time: while a single one of them has no
 * answer, all that come behind it wait before the door. That is how the real server reads its buffer file, and why an
 * agent should send ids as soon as it has them.
 */
export class PendingSegments {
  private readonly queue: IncomingSegment[] = [];
  private batch: readonly IncomingSegment[] = [];
  private batchSince = 0;
  private readonly loop: Loop;

  constructor(private readonly options: PendingSegmentsOptions) {
    const { clock, logger } = options;
    this.loop = new Loop({ name: 'waiting segments', clock, log: new Log(clock, logger), turn: () => this.turn() });
  }

  add(segment: IncomingSegment): void {
    const { most, retryMs, onDropped } = this.options;
    if (this.queue.length >= most) {
      onDropped(segment, `more than ${most} segments wait for their names`);
      return;
    }
    this.queue.push(segment);
    this.loop.wake(retryMs);
  }

  /** @returns those that still wait: the real server has them in a file, and takes them up again when it is back */
  async stop(): Promise<readonly IncomingSegment[]> {
    await this.loop.stop();
    return [...this.batch, ...this.queue];
  }

  private async turn(): Promise<number> {
    const { clock, retryMs } = this.options;
    if (this.batch.length === 0) {
      this.batch = this.queue.splice(0, MAX_IN_BATCH);
      this.batchSince = clock.elapsed();
    }
    // Left out one by one, so that a storage that fails in the middle has nothing shown twice.
    for (const segment of this.batch) {
      if (await this.settle(segment)) this.batch = this.batch.filter((other) => other !== segment);
    }
    return this.batch.length + this.queue.length > 0 ? retryMs : Infinity;
  }

  private async settle(segment: IncomingSegment): Promise<boolean> {
    const { clock, waitMs, judge, onShown, onDropped } = this.options;
    const verdict = await judge(segment);
    if (verdict.type === 'shown') onShown(segment);
    else if (verdict.type === 'dropped') onDropped(segment, verdict.reason);
    else if (clock.elapsed() - this.batchSince >= waitMs) onDropped(segment, verdict.reason);
    else return false;
    return true;
  }
}
