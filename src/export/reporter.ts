import type { Clock, KeepAlive } from '../base/clock';
import type { Log } from '../base/log';
import { Backoff, Loop } from '../base/loop';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import type { Names } from '../model/names';
import type { Segment } from '../model/segment';
import { context, untraced } from '../tracing/context';
import type { Delivery } from './delivery-policy';
import type { ExportTarget, SegmentEncoding, SegmentSpool } from './ports';
import { type DropReason, type SegmentCounters, SegmentTally } from './segment-counters';
import { SegmentQueue } from './segment-queue';
import { StreamSender } from './stream-sender';

interface ReporterOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The most segments that wait in memory. */
  readonly maxBuffer: number;
  readonly delivery?: Delivery | undefined;
  /** What segments are encoded with while no backend knows us. Called with the first that comes then; may throw. */
  byName(): SegmentEncoding;
  /** Takes what memory has no room for, what no backend takes for long, and what waits at the end; absent: that is dropped. */
  readonly spool?: SegmentSpool;
  /** What holds up a process that ends. */
  readonly keepAlive?: KeepAlive;
  /** A segment came that may still be sent, and nothing holds the process up. */
  onWork?(): void;
  /** Nothing waits and nothing is in flight any more. */
  onIdle?(): void;
  /** After a turn: segments were accepted, sent or dropped since the one before. */
  onCounts?(): void;
}

/** The longest that a segment waits before it is written. */
const MAX_WAIT_MS = 500;
const DEFAULT_FLUSH_TIMEOUT_MS = 10_000;
/** As many are spooled at a stretch, well under a millisecond. */
const SPILL_CHUNK = 64;

interface Flush {
  readonly target: number;
  resolve(isDone: boolean): void;
}

/** Segments wait here for the backend, bounded; one loop brings them there, and what became of each is counted. */
export class Reporter {
  private readonly queue: SegmentQueue;
  private readonly tally = new SegmentTally();
  private readonly sender: StreamSender;
  private target: ExportTarget | undefined;
  private readonly loop: Loop;
  private readonly backoff: Backoff;
  private readonly flushes = new Set<Flush>();
  private isReachable = true;
  /** Since when no backend knows us; undefined: one does, or nothing depends on it. */
  private awaySince: number | undefined;
  private stopping: Promise<void> | undefined;
  private droppedSaid = 0;
  private lastCounts = '';
  /** As many as this go at once. */
  private readonly urgentCount: number;

  constructor(private readonly options: ReporterOptions) {
    const { clock, log, maxBuffer, delivery, spool } = options;
    const { tally } = this;
    this.queue = new SegmentQueue({
      log,
      tally,
      capacity: maxBuffer,
      byName: () => options.byName(),
      ...(spool && { overflow: spool }),
    });
    // A small queue has to be emptied before it is full.
    this.urgentCount = Math.min(MAX_SEGMENTS_PER_STREAM, Math.ceil(maxBuffer / 2));
    const isCurrent = ({ epoch }: Names): boolean => this.target?.names.epoch === epoch;
    this.sender = new StreamSender({ clock, log, tally, delivery, isCurrent });
    if (spool) this.awaySince = clock.elapsed();
    this.backoff = new Backoff(clock, { firstMs: MAX_WAIT_MS, longestMs: 5_000 });
    this.loop = new Loop({
      name: 'reporter',
      clock,
      log,
      // It may have been woken within a request, in whose trace the agent's own calls have no place.
      turn: (signal) => context.run(untraced, () => this.turn(signal)),
    });
  }

  counters(): SegmentCounters {
    return this.tally.snapshot(this.queue, this.options.spool);
  }

  /** Takes every segment, also one that it has to drop. */
  add(segment: Segment): void {
    this.tally.accepted++;
    if (this.stopping) {
      this.tally.dropUnqueued('stopped');
      segment.release();
      return;
    }
    const { queue } = this;
    if (!queue.append(segment)) {
      this.tally.dropUnqueued('not-encodable');
      segment.release();
    }
    const { waiting } = queue;
    // Only these two sizes wake the loop: a wake for each segment would cost more than the segment.
    if (waiting === this.urgentCount) this.loop.wake();
    // 0: it went to the spool.
    else if (waiting <= 1) this.loop.wake(MAX_WAIT_MS);
    if (this.isReachable && this.options.keepAlive?.isHeld === false) this.options.onWork?.();
  }

  /**
   * From now on segments are encoded with these names and go there; `undefined`: no backend knows us, so they wait,
   * encoded by name.
   */
  use(target: ExportTarget | undefined): void {
    this.target = target;
    this.queue.use(target);
    if (target) {
      this.awaySince = undefined;
      if (this.queue.waiting > 0) this.loop.wake();
    } else if (this.options.spool) this.awaySince ??= this.options.clock.elapsed();
  }

  /** Whether a backend is connected, or may be soon: for no other a process that ends is held up. */
  setReachable(isReachable: boolean): void {
    this.isReachable = isReachable;
  }

  /**
   * Resolves to `true` when everything accepted before this call was sent, spooled or counted as dropped, to `false` after
   * `timeoutMs`. Never rejects.
   */
  flush(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS): Promise<boolean> {
    const { queue, tally } = this;
    if (queue.waiting + queue.inFlight === 0) return Promise.resolve(true);
    const target = tally.enqueued;
    return new Promise((resolve) => {
      const timer = this.options.clock.after(timeoutMs, () => flush.resolve(false));
      const flush: Flush = {
        target,
        resolve: (isDone) => {
          timer.cancel();
          this.flushes.delete(flush);
          resolve(isDone);
        },
      };
      this.flushes.add(flush);
      this.loop.wake();
    });
  }

  /**
   * The process ends now, and no promise settles any more: hands over what waits, as far as nothing has to be waited for.
   *
   * @returns whether anything is on its way
   */
  flushSync(): boolean {
    const { tally, queue, target } = this;
    target?.sender.writeNow(target.names, (maxBytes) => {
      const { bytes, count } = queue.takeUpTo(maxBytes);
      tally.handedOver += count;
      return bytes;
    });
    return this.counters().inFlight > 0;
  }

  /**
   * The process ends now: hands to the spool what waits, for at most `ms`. Where segments go at least once, also those in
   * flight, whose fate will not be known any more.
   */
  spillSync(ms: number): void {
    const { clock, delivery } = this.options;
    if (delivery === 'at-least-once') this.queue.acknowledge(0);
    const until = clock.elapsed() + ms;
    while (clock.elapsed() < until && this.queue.spill(SPILL_CHUNK) > 0);
  }

  /** The spool tells what became of segments that it took over. */
  settle(count: number, result: 'sent' | DropReason): void {
    if (result === 'sent') this.tally.sent += count;
    else this.tally.drop(count, result);
    this.sayDropped();
    this.compareCounts();
  }

  /** Sends nothing more: what waits is counted as dropped. To send it first, `flush`. Twice is once. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    await this.loop.stop();
    this.queue.spill(Infinity);
    this.tally.drop(this.queue.clear(), 'stopped');
    this.endFlushes();
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { target } = this;
    const { queue } = this;
    const isGood = !target || queue.waiting === 0 || (await this.sender.send(queue, target, signal));
    const isSpilling = this.spill();
    this.endFlushes();
    this.sayDropped();
    this.compareCounts();
    if (isSpilling) return 0;
    if (!isGood) return this.backoff.next();
    this.backoff.reset();
    const { waiting } = queue;
    if (waiting === 0) {
      this.options.onIdle?.();
      return Infinity;
    }
    const isUrgent = waiting >= this.urgentCount || this.flushes.size > 0;
    return isUrgent && this.target ? 0 : MAX_WAIT_MS;
  }

  /** @returns whether there is more to spool at once */
  private spill(): boolean {
    const { clock, maxBuffer, spool } = this.options;
    if (!spool) return false;
    const { queue } = this;
    const awayMs = this.awaySince === undefined ? 0 : clock.elapsed() - this.awaySince;
    const countOf = (waiting: number): number => spool.spillCount({ waiting, capacity: maxBuffer, awayMs });
    const spilled = queue.spill(Math.min(countOf(queue.waiting), SPILL_CHUNK));
    if (!this.target && queue.waiting === 0 && countOf(1) > 0) queue.overflowAtOnce();
    return spilled === SPILL_CHUNK;
  }

  /** Called when nothing of the queue is in flight. It goes first in, first out: as many as left it are the first ones. */
  private endFlushes(): void {
    const left = this.tally.enqueued - this.queue.waiting;
    for (const flush of this.flushes) if (left >= flush.target) flush.resolve(true);
  }

  private compareCounts(): void {
    const { accepted, sent, dropped } = this.counters();
    const counts = `${accepted} ${sent} ${dropped}`;
    if (counts === this.lastCounts) return;
    this.lastCounts = counts;
    this.options.onCounts?.();
  }

  private sayDropped(): void {
    const { dropped, droppedBecause } = this.counters();
    if (dropped === this.droppedSaid) return;
    this.droppedSaid = dropped;
    const because = Object.entries(droppedBecause).map(([reason, count]) => `${count} ${reason}`);
    this.options.log.warn(`${dropped} segments dropped so far: ${because.join(', ')}`, 'segments dropped');
  }
}
