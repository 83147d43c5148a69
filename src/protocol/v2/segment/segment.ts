import type { SegmentCodec } from '../../../export/ports';
import { numericTraceId } from '../../../model/id-text';
import type { V2Names } from '../../../model/names';
import { Segment } from '../../../model/segment';
import { Fields, MessageReader } from '../../protobuf/control/reader';
import { maxSegmentSize } from '../../protobuf/fast/max-size';
import { closeLength, writeInt32 } from '../../protobuf/fast/varint';
import { readV2Id, writeV2Id } from './id';
import { unusableRefs } from './ref';
import { readV2Span, writeV2Span } from './span';

/** One gRPC message: not compressed, its length, and an `UpstreamSegment` around the `SegmentObject`. */
export function writeV2Segment(buf: Buffer, pos: number, segment: Segment, names: V2Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeV2Id(buf, message + 1, numericTraceId(segment));
  buf[at] = 0x12;
  const body = at + 3;
  buf[body] = 0x0a;
  at = writeV2Id(buf, body + 1, segment.segmentId);
  for (const span of segment.spans) at = writeV2Span(buf, at, span, names);
  at = writeOwner(buf, at, names);
  if (segment.isSizeLimited) {
    buf[at] = 0x28;
    buf[at + 1] = 1;
    at += 2;
  }
  const end = closeLength(buf, body, at, 2);
  buf[pos] = 0;
  buf.writeUInt32BE(end - message, pos + 1);
  return end;
}

function writeOwner(buf: Buffer, pos: number, names: V2Names): number {
  let at = pos;
  if (names.serviceId !== 0) {
    buf[at] = 0x18;
    at = writeInt32(buf, at + 1, names.serviceId);
  }
  if (names.instanceId !== 0) {
    buf[at] = 0x20;
    at = writeInt32(buf, at + 1, names.instanceId);
  }
  return at;
}

/**
 * The way back from `writeV2Segment`, of its message without the five bytes before it: for what waited until its ids were
 * given up, or the protocol is another. It holds names again, its refs aside.
 *
 * Throws on what is no such message, and on an id that `names` knows no name of.
 *
 * @param names those it was written with
 */
export function readV2Segment(message: Buffer, names: V2Names): Segment {
  const upstream = new Fields(new MessageReader(message));
  const fields = new Fields(upstream.one(2));
  const segment = new Segment(readV2Id(upstream.one(1)), readV2Id(fields.one(1)));
  segment.isSizeLimited = fields.isSet(5);
  for (const span of fields.all(2)) segment.add(readV2Span(span, segment, names));
  return segment;
}

export const v2SegmentCodec: SegmentCodec<V2Names> = {
  maxSize: maxSegmentSize,
  encode: writeV2Segment,
  decode: readV2Segment,
  countUnusableRefs: unusableRefs,
};
