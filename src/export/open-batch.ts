import type { Log } from '../base/log';
import type { ProtocolName } from '../model/dialect';
import { MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import { isCompatible } from '../model/names';
import type { Segment, SegmentRef } from '../model/segment';
import { Batch } from './batch';
import type { Position, SegmentEncoding } from './ports';
import { SegmentEncoder } from './segment-encoder';

/**
 * A batch of this many bytes takes no more segments. Few large writes cost a fraction of many small ones; how much of one goes
 * at a stretch is for HTTP/2's windows to say.
 */
const MAX_BATCH_BYTES = 768 * 1024;

/** Why a caller cannot be shown that spoke the other protocol, by that of our own backend. */
const OTHER_PROTOCOL: Readonly<Record<ProtocolName, string>> = {
  v2: 'it sent sw8, and the backend speaks v2; with the protocol "auto" a caller does that until it has found its backend',
  v3: 'it sent sw6, and the backend speaks v3',
};

/** What came of encoding a segment. `full`: nothing; the batch has to be closed first. */
type EncodeResult = 'encoded' | 'full' | 'not-encodable';

/** The batch that is being filled: encodes segments as they come. */
export class OpenBatch {
  private readonly encoder = new SegmentEncoder();
  /** What the segments in it are encoded with. */
  private encoding: SegmentEncoding | undefined;
  private count = 0;

  constructor(private readonly log: Log) {}

  /** Encodes a segment behind those that are in it. Keeps nothing of the segment. */
  append(segment: Segment, encoding: SegmentEncoding): EncodeResult {
    if (this.count > 0 && this.isFullFor(encoding)) return 'full';
    this.encoding = encoding;
    const { encoder } = this;
    const { refsLeftOut } = encoder;
    const encoded = encoder.append(segment, encoding.codec, encoding.names);
    if (encoded !== 'whole') this.log.warn(`a segment is too large: it went ${encoded}`);
    if (encoder.refsLeftOut > refsLeftOut) this.warnOfRefs(segment, encoding.names.protocol);
    if (encoded === 'left out') return 'not-encodable';
    this.count++;
    return 'encoded';
  }

  /** Everything in it, as one batch that ends at this position, in `used` if that has room; it begins anew. */
  close(end: Position, used?: Buffer): Batch | undefined {
    const { count, encoding } = this;
    if (count === 0 || encoding === undefined) return undefined;
    this.count = 0;
    return new Batch(this.encoder.take(used), count, encoding.codec, encoding.names, end);
  }

  /** Each reason has its own line: one ends by itself, the other is for the operator of the caller. */
  private warnOfRefs({ spans }: Segment, protocol: ProtocolName): void {
    const reason = spans.some(({ refs }) => refs?.some((ref) => protocolOfRef(ref) !== protocol))
      ? OTHER_PROTOCOL[protocol]
      : 'its ids were those of before a reset, or of another backend';
    this.log.warn(`${this.encoder.refsLeftOut} calls so far are shown without their caller: ${reason}`, reason);
  }

  private isFullFor(encoding: SegmentEncoding): boolean {
    return (
      this.encoder.length >= MAX_BATCH_BYTES ||
      this.count >= MAX_SEGMENTS_PER_STREAM ||
      (encoding !== this.encoding && !(this.encoding && isCompatible(this.encoding.names, encoding.names)))
    );
  }
}

function protocolOfRef({ parentService }: SegmentRef): ProtocolName {
  return parentService === undefined ? 'v2' : 'v3';
}
