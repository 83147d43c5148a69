import { GrowingBuffer } from '../base/growing-buffer';
import type { Log } from '../base/log';
import type { ProtocolName } from '../model/dialect';
import { GRPC_PREFIX_BYTES, MAX_MESSAGE_BYTES, MAX_SEGMENTS_PER_STREAM } from '../model/limits';
import { isCompatible, type Names } from '../model/names';
import { Segment, type SegmentRef, Span } from '../model/segment';
import type { EncodedBatch, Position, SegmentCodec, SegmentEncoding } from './ports';

/** Segments that were encoded with the same names. */
export class Batch implements EncodedBatch {
  private from = 0;

  constructor(
    private readonly all: Buffer,
    private left: number,
    private readonly codec: SegmentCodec,
    /** Those that they were encoded with. */
    private readonly names: Names,
    readonly end: Position,
  ) {}

  /** The segments that are still in it. */
  get count(): number {
    return this.left;
  }

  get bytes(): Buffer {
    return this.all.subarray(this.from);
  }

  /** All that its bytes are in: those that were removed, and what was left over. */
  get buffer(): Buffer {
    return Buffer.from(this.all.buffer);
  }

  matches(names: Names): boolean {
    return isCompatible(this.names, names);
  }

  /** The oldest as it is, with its prefix. */
  get oldestBytes(): Buffer {
    return this.all.subarray(this.from, this.secondAt);
  }

  /** Decoded again, by names. Throws if that fails. */
  oldest(): Segment {
    return this.codec.decode(this.oldestBytes.subarray(GRPC_PREFIX_BYTES), this.names);
  }

  removeOldest(): void {
    this.from = this.secondAt;
    this.left--;
  }

  /** Removes as many of the oldest as fit into `maxBytes`, and returns their bytes. */
  takeUpTo(maxBytes: number): Buffer {
    const { from } = this;
    while (this.left > 0 && this.secondAt - from <= maxBytes) this.removeOldest();
    return this.all.subarray(from, this.from);
  }

  private get secondAt(): number {
    return this.from + GRPC_PREFIX_BYTES + this.all.readUInt32BE(this.from + 1);
  }
}

/** The segment without its tags and logs: how it hangs together is kept. */
function stripSegment(segment: Segment): Segment {
  const bare = new Segment(segment.traceId, segment.segmentId);
  bare.isSizeLimited = segment.isSizeLimited;
  bare.skipsAnalysis = segment.skipsAnalysis;
  for (const span of segment.spans) bare.add(bareSpan(bare, span));
  return bare;
}

function bareSpan(segment: Segment, span: Span): Span {
  const bare = new Span(segment, span.spanId, span.parentSpanId, span.type, span.operationName, span.startTime);
  bare.endTime = span.endTime;
  bare.layer = span.layer;
  bare.componentId = span.componentId;
  bare.isError = span.isError;
  bare.peer = span.peer;
  // On v3 it is part of an endpoint's name.
  bare.method = span.method;
  bare.statusCode = span.statusCode;
  bare.refs = span.refs;
  return bare;
}

/**
 * What came of a segment. `bare`: its tags and logs were left out, as with them it is too large or cannot be encoded.
 * `left-out`: even without them it is, and nothing of it was encoded.
 */
type Encoded = 'whole' | 'bare' | 'left-out';

/** Encodes segments one behind the other into one buffer that is used again and again. */
export class SegmentEncoder {
  private readonly buffer = new GrowingBuffer();
  private leftOut = 0;

  /** Bytes encoded since the last `take`. */
  get length(): number {
    return this.buffer.pos;
  }

  /** Refs that went without, since ever: the segments joined their trace all the same. */
  get refsLeftOut(): number {
    return this.leftOut;
  }

  append<N extends Names>(segment: Segment, codec: SegmentCodec<N>, names: N): Encoded {
    // Before anything is written: where it throws, nothing of the segment is left behind.
    const unusable = codec.countUnusableRefs(segment, names);
    const encoded = this.write(segment, codec, names)
      ? 'whole'
      : this.write(stripSegment(segment), codec, names)
        ? 'bare'
        : 'left-out';
    if (encoded !== 'left-out') this.leftOut += unusable;
    return encoded;
  }

  /** What was encoded, as a buffer of its own, since the transport may hold on to it; or in `used`. Begins anew. */
  take(used?: Buffer): Buffer {
    return this.buffer.take(used);
  }

  clear(): void {
    this.buffer.clear();
  }

  private write<N extends Names>(segment: Segment, codec: SegmentCodec<N>, names: N): boolean {
    const { buffer } = this;
    try {
      const bound = codec.maxSize(segment);
      // The bound reckons with three bytes a character, so past this even ASCII is too large.
      if (bound > 3 * MAX_MESSAGE_BYTES) return false;
      const end = codec.encode(buffer.room(bound), buffer.pos, segment, names);
      if (end - buffer.pos > MAX_MESSAGE_BYTES) return false;
      buffer.pos = end;
      return true;
    } catch {
      // What a span holds came from the application; whatever it is, the segments around it go on.
      return false;
    }
  }
}

/**
 * A batch of this many bytes takes no more segments. Few large writes cost a fraction of many small ones; how much of one goes
 * at a stretch is for HTTP/2's windows to say.
 */
const MAX_BATCH_BYTES = 768 * 1024;

/** Why a caller cannot be shown that spoke the other protocol, by that of our own backend. */
const OTHER_PROTOCOL: Readonly<Record<ProtocolName, string>> = {
  v2: 'it sent sw8, and the backend speaks v2; a caller does that while it has no ids, as when it registers anew',
  v3: 'it sent sw6, and the backend speaks v3',
};

const LOSS = { bare: 'goes without its tags and logs', 'left-out': 'is left out' } as const;

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
    if (encoded !== 'whole') this.log.warn(`a segment is too large or cannot be encoded: it ${LOSS[encoded]}`);
    if (encoder.refsLeftOut > refsLeftOut) this.warnOfRefs(segment, encoding.names.protocol);
    if (encoded === 'left-out') return 'not-encodable';
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
