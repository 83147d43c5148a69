import type { SegmentCodec } from '../../../export/ports';
import { OpaqueId } from '../../../model/ids';
import type { V3Names } from '../../../model/names';
import { Segment } from '../../../model/segment';
import { Fields, MessageReader } from '../../protobuf/control/reader';
import { maxSegmentSize } from '../../protobuf/fast/max-size';
import { writeFastText } from '../../protobuf/fast/text';
import { readV3Id, writeV3Id } from './id';
import { v2Refs } from './ref';
import { readV3Span, writeV3Span } from './span';

/** One gRPC message: not compressed, its length, and a `SegmentObject`. */
export function writeV3Segment(buf: Buffer, pos: number, segment: Segment, names: V3Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeV3Id(buf, message + 1, segment.traceId);
  buf[at] = 0x12;
  at = writeV3Id(buf, at + 1, segment.segmentId);
  for (const span of segment.spans) at = writeV3Span(buf, at, span, names);
  buf[at] = 0x22;
  at = writeFastText(buf, at + 1, names.service);
  buf[at] = 0x2a;
  at = writeFastText(buf, at + 1, names.instance);
  if (segment.isSizeLimited) {
    buf[at] = 0x30;
    buf[at + 1] = 1;
    at += 2;
  }
  buf[pos] = 0;
  buf.writeUInt32BE(at - message, pos + 1);
  return at;
}

/**
 * The way back from `writeV3Segment`, of its message without the five bytes before it: for what waited until the protocol
 * was another. Names that were cut stay so. Throws on what is no such message.
 */
export function readV3Segment(message: Buffer): Segment {
  const fields = new Fields(new MessageReader(message));
  const segmentId = readV3Id(fields.one(2));
  if (segmentId instanceof OpaqueId) throw new Error('the id of the segment is none of ours');
  const segment = new Segment(readV3Id(fields.one(1)), segmentId);
  segment.isSizeLimited = fields.isSet(6);
  for (const span of fields.all(3)) segment.add(readV3Span(span, segment));
  // Nothing is read of the instance: it stands behind all spans, so they are all there if it is.
  fields.one(5);
  return segment;
}

export const v3SegmentCodec: SegmentCodec<V3Names> = {
  maxSize: maxSegmentSize,
  encode: writeV3Segment,
  decode: readV3Segment,
  countUnusableRefs: v2Refs,
};
