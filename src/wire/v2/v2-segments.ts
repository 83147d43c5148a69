import { messageOf } from '../../base/errors';
import { failed, ok, retryable, type Outcome } from '../../base/outcome';
import type { BackendOptions } from '../backend-options';
import { sessionCall } from '../call/session-call';
import { StreamCall } from '../call/stream-call';
import { SegmentEncoder } from '../encode/segment-encoder';
import { wellFormed } from '../encode/text';
import type { Connector } from '../link/connector';
import type { Link } from '../link/link';
import type { Names } from '../names';
import { decodeKeyInts } from './decode-control';
import { encodeServices } from './encode-control';
import { V2Path } from './paths';
import { V2SegmentStream } from './v2-segment-stream';
import { v2SegmentCodec } from './v2-segment-codec';

/** Sends segments in the words of v2, over the link's own session. It never connects: that is the registrar's to do. */
export class V2Segments {
  private readonly encoder = new SegmentEncoder(v2SegmentCodec);
  /** The link, and the epoch, in which the backend was seen to know our service under our id. */
  private verified = { link: 0, epoch: -1 };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** The signal holds for the stream's whole life. */
  async open(signal: AbortSignal): Promise<Outcome<V2SegmentStream>> {
    const link = this.connector.current;
    if (!link) return retryable('not connected');
    const names = this.options.names();
    if (!names) return retryable('not registered');
    const verdict = await this.verify(link, names, signal);
    if (verdict.status !== 'ok') return verdict;
    if (signal.aborted || link.lost.aborted) return retryable(messageOf((signal.aborted ? signal : link.lost).reason));
    try {
      const call = new StreamCall(link, V2Path.collect, this.metadata);
      return ok(new V2SegmentStream(call, link, names.epoch, { ...this.parts(), signal }));
    } catch (error) {
      return retryable(messageOf(error));
    }
  }

  /**
   * A backend says nothing to a segment with ids that it did not give out, or books it on somebody else. So before the
   * first segment on a connection it is asked for our service's id: over that very connection, since the one for
   * calls may have ended up at another server behind the same address.
   */
  private async verify(link: Link, { epoch, serviceId }: Names, signal: AbortSignal): Promise<Outcome<undefined>> {
    if (this.verified.link === link.number && this.verified.epoch === epoch) return ok(undefined);
    const { clock, serviceName } = this.options;
    const request = encodeServices([serviceName]);
    const path = V2Path.registerService;
    const answer = await sessionCall(link, { path, request, metadata: this.metadata }, clock, signal);
    if (answer.status !== 'ok') return answer;
    let id: number;
    try {
      id = decodeKeyInts(answer.value).get(wellFormed(serviceName)) ?? 0;
    } catch {
      return failed('INTERNAL', 'the answer cannot be read');
    }
    // Whatever was answered says nothing of a registration that has been made anew meanwhile.
    if (this.options.names()?.epoch !== epoch) return retryable('the registration changed');
    if (id === serviceId) {
      this.verified = { link: link.number, epoch };
      return ok(undefined);
    }
    const known = id === 0 ? 'does not know it' : `knows it as ${id}`;
    const reason = `the service ${serviceName} is ours by the id ${serviceId}, ${link.address} ${known}`;
    this.options.onDoubt(reason);
    return id === 0 ? retryable(reason) : failed('FOREIGN_IDS', reason);
  }

  private parts(): { encoder: SegmentEncoder; options: BackendOptions; guest: Connector['guest'] } {
    return { encoder: this.encoder, options: this.options, guest: this.connector.guest };
  }
}
