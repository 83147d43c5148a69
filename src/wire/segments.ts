import { messageOf } from '../base/errors';
import { failed, ok, retryable, type Outcome } from '../base/outcome';
import type { Segment } from '../trace/segment';
import type { BackendOptions } from './backend-options';
import { sessionCall } from './call/session-call';
import { StreamCall } from './call/stream-call';
import { roomOf, writeNow } from './call/write-now';
import { type Dialect, protocolOf } from './dialect';
import type { Connector } from './link/connector';
import type { Link } from './link/link';
import type { Names, V2Names, V3Names } from './names';
import type { SegmentRoute } from './segment-route';
import { SegmentStream } from './segment-stream';
import { v2SegmentRoute } from './v2/v2-segment-route';
import { v3SegmentRoute } from './v3/v3-segment-route';

type AnyStream = SegmentStream<V2Names> | SegmentStream<V3Names>;

/**
 * Sends segments in the words of the backend that is connected, over the link's own session. It never connects: that is
 * the registrar's to do.
 */
export class Segments {
  private readonly v2: SegmentRoute<V2Names>;
  private readonly v3: SegmentRoute<V3Names>;
  /** The link, and the epoch, in which the backend was seen to know us as we think. */
  private verified = { link: 0, epoch: -1 };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.v2 = v2SegmentRoute(options.serviceName);
    this.v3 = v3SegmentRoute();
  }

  /** The signal holds for the stream's whole life. */
  async open(signal: AbortSignal): Promise<Outcome<AnyStream>> {
    const link = this.connector.current;
    if (link?.dialect === undefined) return retryable('not connected');
    const names = this.options.names();
    if (names?.protocol !== protocolOf(link.dialect)) return retryable('not registered');
    return names.protocol === 'v2'
      ? this.openOn(this.v2, names, link, link.dialect, signal)
      : this.openOn(this.v3, names, link, link.dialect, signal);
  }

  /**
   * For a process that ends now: writes as many as the backend takes at once, without waiting for anything.
   *
   * @returns how many, the first of them; nobody will hear their fate
   */
  writeNow(segments: readonly Segment[]): number {
    const link = this.connector.current;
    const names = this.options.names();
    if (link?.dialect === undefined || names?.protocol !== protocolOf(link.dialect)) return 0;
    return names.protocol === 'v2'
      ? this.writeNowOn(this.v2, names, link, link.dialect, segments)
      : this.writeNowOn(this.v3, names, link, link.dialect, segments);
  }

  private writeNowOn<N extends Names>(
    route: SegmentRoute<N>,
    names: N,
    link: Link,
    dialect: Dialect,
    segments: readonly Segment[],
  ): number {
    if (!this.isVerified(link, names)) return 0;
    const { encoder } = route;
    const room = roomOf(link);
    let count = 0;
    let end = 0;
    encoder.clear();
    for (const segment of segments) {
      encoder.append(segment, names);
      if (encoder.length > room) break;
      end = encoder.length;
      count++;
    }
    writeNow(link, route.pathOf(dialect), this.metadata, encoder.take().subarray(0, end));
    return count;
  }

  private async openOn<N extends Names>(
    route: SegmentRoute<N>,
    names: N,
    link: Link,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<SegmentStream<N>>> {
    const verdict = await this.verify(route, names, link, dialect, signal);
    if (verdict.status !== 'ok') return verdict;
    if (signal.aborted || link.lost.aborted) return retryable(messageOf((signal.aborted ? signal : link.lost).reason));
    try {
      const { options, connector, metadata } = this;
      const call = new StreamCall(link, route.pathOf(dialect), metadata);
      return ok(new SegmentStream(call, link, names, { route, options, guest: connector.guest, signal }));
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
    if (answer.status !== 'ok') return answer;
    let doubt;
    try {
      doubt = route.doubt(answer.value, names);
    } catch {
      return failed('INTERNAL', 'the answer cannot be read');
    }
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
