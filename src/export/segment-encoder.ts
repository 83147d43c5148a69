import { Segment } from '../model/segment';
import type { Names } from '../model/names';
import { Span } from '../model/span';
import type { SegmentCodec } from './ports';

/** The segment without its tags and logs: how it hangs together is kept. */
function stripSegment(segment: Segment): Segment {
  const bare = new Segment(segment.traceId, segment.segmentId);
  bare.isSizeLimited = segment.isSizeLimited;
  bare.skipsAnalysis = segment.skipsAnalysis;
  for (const span of segment.spans) bare.spans.push(bareSpan(bare, span));
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

/** So large the buffer is at first; it doubles as needed. */
const FIRST_BYTES = 64 * 1024;
/** A buffer that a larger one than this was needed for is not kept. */
const LARGEST_KEPT = 1024 * 1024;
/** What gRPC servers take by default. A larger message would end the stream for all that travel with it. */
const LARGEST_MESSAGE = 4 * 1024 * 1024;

/** What came of a segment: `bare` went without tags and logs, as it was too large; `left out` did not go at all. */
type Encoded = 'whole' | 'bare' | 'left out';

/** Encodes segments one behind the other into one buffer that is used again and again. */
export class SegmentEncoder {
  private buf: Buffer | undefined;
  private pos = 0;
  private leftOut = 0;

  /** Bytes encoded since the last `take`. */
  get length(): number {
    return this.pos;
  }

  /** Refs that went without, since ever: the segments joined their trace all the same. */
  get refsLeftOut(): number {
    return this.leftOut;
  }

  append<N extends Names>(segment: Segment, codec: SegmentCodec<N>, names: N): Encoded {
    const encoded = this.write(segment, codec, names)
      ? 'whole'
      : this.write(stripSegment(segment), codec, names)
        ? 'bare'
        : 'left out';
    if (encoded !== 'left out') this.leftOut += codec.countUnusableRefs(segment, names);
    return encoded;
  }

  /** What was encoded, as a buffer of its own: the transport may hold on to it. Begins anew. */
  take(): Buffer {
    if (!this.buf) return Buffer.alloc(0);
    const bytes = Buffer.from(this.buf.subarray(0, this.pos));
    this.clear();
    return bytes;
  }

  clear(): void {
    this.pos = 0;
    if (this.buf && this.buf.length > LARGEST_KEPT) this.buf = undefined;
  }

  private write<N extends Names>(segment: Segment, codec: SegmentCodec<N>, names: N): boolean {
    try {
      const bound = codec.maxSize(segment);
      // The bound reckons with three bytes a character, so past this even ASCII is too large.
      if (bound > 3 * LARGEST_MESSAGE) return false;
      const end = codec.encode(this.room(bound), this.pos, segment, names);
      if (end - this.pos > LARGEST_MESSAGE) return false;
      this.pos = end;
      return true;
    } catch {
      // What a span holds came from the application; whatever it is, the segments around it go on.
      return false;
    }
  }

  private room(bytes: number): Buffer {
    const needed = this.pos + bytes;
    if (this.buf && this.buf.length >= needed) return this.buf;
    let size = this.buf?.length ?? FIRST_BYTES;
    while (size < needed) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    this.buf?.copy(grown, 0, 0, this.pos);
    return (this.buf = grown);
  }
}
