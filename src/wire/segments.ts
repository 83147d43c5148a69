import { messageOf } from '../base/errors';
import { failed, ok, retryable, type Outcome } from '../base/outcome';
import type { Segment } from '../trace/segment';
import type { BackendOptions } from './backend-options';
import { BatchEncoder } from './batch-encoder';
import { sessionCall } from './call/session-call';
import { StreamCall } from './call/stream-call';
import { roomOf, writeNow } from './call/write-now';
import { type Dialect, protocolOf } from './dialect';
import type { Batch } from './encode/batch';
import type { Connector } from './link/connector';
import type { Link } from './link/link';
import { understood } from './message/understood';
import type { Names, V2Names, V3Names } from './names';
import type { SegmentRoute } from './segment-route';
import { SegmentStream } from './segment-stream';
import { v2SegmentRoute } from './v2/v2-segment-route';
import { v3SegmentRoute } from './v3/v3-segment-route';

/**
 * Sends segments in the words of the backend that is connected, over the link's own session. It never connects: that is
 * the registrar's to do.
 */
export class Segments {
  private readonly v2: SegmentRoute<V2Names>;
  private readonly v3: SegmentRoute<V3Names>;
  private readonly encoder: BatchEncoder;
  /** The link, and the epoch, in which the backend was seen to know us as we think. */
  private verified = { link: 0, epoch: -1 };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.v2 = v2SegmentRoute(options.serviceName);
    this.v3 = v3SegmentRoute();
    const { log } = options;
    this.encoder = new BatchEncoder({ log, v2: this.v2.encoder, v3: this.v3.encoder, names: () => options.names() });
  }

  /** With what the backend knows us by now. */
  encode(segment: Segment): ReturnType<BatchEncoder['encode']> {
    return this.encoder.encode(segment);
  }

  /** All that was encoded since the last time. */
  take(): ReturnType<BatchEncoder['take']> {
    return this.encoder.take();
  }

  /** The signal holds for the stream's whole life. */
  async open(signal: AbortSignal): Promise<Outcome<SegmentStream>> {
    const link = this.connector.current;
    if (link?.dialect === undefined) return retryable('not connected');
    const names = this.options.names();
    if (names?.protocol !== protocolOf(link.dialect)) return retryable('not registered');
    return names.protocol === 'v2'
      ? this.openOn(this.v2, names, link, link.dialect, signal)
      : this.openOn(this.v3, names, link, link.dialect, signal);
  }

  /**
   * For a process that ends now: writes as many as the backend takes at once, without waiting for anything. They are in
   * the batches no more.
   *
   * @returns how many; nobody will hear their fate
   */
  writeNow(batches: readonly Pick<Batch, 'count' | 'isCurrent' | 'takeInto'>[]): number {
    const link = this.connector.current;
    const names = this.options.names();
    if (link?.dialect === undefined || names?.protocol !== protocolOf(link.dialect)) return 0;
    if (!this.isVerified(link, names)) return 0;
    const pieces: Buffer[] = [];
    let count = 0;
    let room = roomOf(link);
    for (const batch of batches) {
      if (!batch.isCurrent) break;
      count += batch.count;
      const piece = batch.takeInto(room);
      count -= batch.count;
      room -= piece.length;
      pieces.push(piece);
      if (batch.count > 0) break;
    }
    const path = (names.protocol === 'v2' ? this.v2 : this.v3).pathOf(link.dialect);
    writeNow(link, path, this.metadata, Buffer.concat(pieces));
    return count;
  }

  private async openOn<N extends Names>(
    route: SegmentRoute<N>,
    names: N,
    link: Link,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<SegmentStream>> {
    const verdict = await this.verify(route, names, link, dialect, signal);
    if (verdict.status !== 'ok') return verdict;
    if (signal.aborted || link.lost.aborted) return retryable(messageOf((signal.aborted ? signal : link.lost).reason));
    try {
      const { options, connector, metadata } = this;
      const call = new StreamCall(link, route.pathOf(dialect), metadata);
      return ok(new SegmentStream(call, link, names.epoch, { options, guest: connector.guest, signal }));
    } catch (error) {
      return retryable(messageOf(error));
    }
  }

  private async verify<N extends Names>(
    route: SegmentRoute<N>,
    names: N,
    link: Link,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const { epoch } = names;
    if (this.isVerified(link, names)) return ok(undefined);
    const question = { ...route.question(names, dialect), metadata: this.metadata };
    const answer = await sessionCall(link, question, this.options.clock, signal);
    const read = understood(
      answer,
      (bytes) => route.doubt(bytes, names),
      (reason) => link.lose(reason),
    );
    if (read.status !== 'ok') return read;
    const doubt = read.value;
    // Whatever was answered says nothing of a registration that has been made anew meanwhile.
    if (this.options.names()?.epoch !== epoch) return retryable('the registration changed');
    if (!doubt) {
      this.verified = { link: link.number, epoch };
      return ok(undefined);
    }
    const reason = `${link.address}: ${doubt.reason}`;
    this.options.onDoubt(reason);
    return doubt.isForeign ? failed('FOREIGN_IDS', reason) : retryable(reason);
  }

  private isVerified(link: Link, { epoch }: Names): boolean {
    return this.verified.link === link.number && this.verified.epoch === epoch;
  }
}
