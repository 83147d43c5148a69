import { GrowingBuffer } from '../base/growing-buffer';
import { MAX_MESSAGE_BYTES } from '../model/limits';
import type { Names } from '../model/names';
import { Segment, Span } from '../model/segment';
import type { SegmentCodec } from './ports';

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
