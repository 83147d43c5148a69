import { errorMessage } from '../../base/text';
import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { Segment } from '../../model/segment';
import type { BackendOptions } from '../../transport/backend-options';
import { BatchEncoder } from './batch-encoder';
import { sessionCall } from '../../transport/call/session-call';
import { StreamCall } from '../../transport/call/stream-call';
import { roomOf, writeSync } from '../../transport/call/write-sync';
import { type Dialect, protocolOf } from '../../model/dialect';
import type { Batch } from './batch';
import type { Connector } from '../../transport/connector';
import type { BackendConnection } from '../../transport/backend-connection';
import { parseResponse } from '../protobuf/control/parse-response';
import type { Names, V2Names, V3Names } from '../../model/names';
import type { IdentityProbe } from './identity-probe';
import { SegmentStream } from './segment-stream';
import { v2Protocol } from '../v2/protocol';
import { v3Protocol } from '../v3/protocol';

/**
 * Sends segments in the words of the backend that is connected, over the link's own session. It never connects: that is
 * the registrar's to do.
 */
export class TraceSegmentClient {
  private readonly v2: IdentityProbe<V2Names>;
  private readonly v3: IdentityProbe<V3Names>;
  private readonly encoder: BatchEncoder;
  /** The link, and the epoch, in which the backend was seen to know us as we think. */
  private verified = { link: 0, epoch: -1 };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.v2 = v2Protocol.identityProbe(options.serviceName);
    this.v3 = v3Protocol.identityProbe();
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
  writeNow(batches: readonly Pick<Batch, 'count' | 'matchesRegistration' | 'takeUpTo'>[]): number {
    const link = this.connector.current;
    const names = this.options.names();
    if (link?.dialect === undefined || names?.protocol !== protocolOf(link.dialect)) return 0;
    // The first stream asks anew, but a process may end before it: then what the registration was told has to do.
    if (!this.isVerified(link, names) && this.options.confirmedOn() !== link.number) return 0;
    const pieces: Buffer[] = [];
    let count = 0;
    let room = roomOf(link);
    for (const batch of batches) {
      if (!batch.matchesRegistration) break;
      count += batch.count;
      const piece = batch.takeUpTo(room);
      count -= batch.count;
      room -= piece.length;
      pieces.push(piece);
      if (batch.count > 0) break;
    }
    const path = (names.protocol === 'v2' ? this.v2 : this.v3).pathOf(link.dialect);
    writeSync(link, path, this.metadata, Buffer.concat(pieces));
    return count;
  }

  private async openOn<N extends Names>(
    route: IdentityProbe<N>,
    names: N,
    link: BackendConnection,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<SegmentStream>> {
    const verdict = await this.verify(route, names, link, dialect, signal);
    if (verdict.status !== 'ok') return verdict;
    if (signal.aborted || link.closing.aborted)
      return retryable(errorMessage((signal.aborted ? signal : link.closing).reason));
    try {
      const { options, connector, metadata } = this;
      const call = new StreamCall(link, route.pathOf(dialect), metadata);
      return ok(new SegmentStream(call, link, names.epoch, { options, guest: connector.guest, signal }));
    } catch (error) {
      return retryable(errorMessage(error));
    }
  }

  private async verify<N extends Names>(
    route: IdentityProbe<N>,
    names: N,
    link: BackendConnection,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const { epoch } = names;
    if (this.isVerified(link, names)) return ok(undefined);
    const question = { ...route.request(names, dialect), metadata: this.metadata };
    const answer = await sessionCall(link, question, this.options.clock, signal);
    const read = parseResponse(
      answer,
      (bytes) => route.check(bytes, names),
      (reason) => link.fail(reason),
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
    this.options.onIdentityMismatch(reason);
    return doubt.isOtherService ? failed('FOREIGN_IDS', reason) : retryable(reason);
  }

  private isVerified(link: BackendConnection, { epoch }: Names): boolean {
    return this.verified.link === link.number && this.verified.epoch === epoch;
  }
}
