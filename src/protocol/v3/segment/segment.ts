import { Segment } from '../../../model/segment';
import { writeFastText } from '../../protobuf/fast/text';
import type { V3Names } from '../../../model/names';
import { writeV3Id, readV3Id } from './id';
import { writeV3Span, readV3Span } from './span';
import { OpaqueId } from '../../../model/ids';
import { MessageReader, Fields } from '../../protobuf/control/reader';

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
 * The way back from `writeSegment`, of its message without the five bytes before it: for what waited until the protocol
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
