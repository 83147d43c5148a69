import type { Segment } from '../../trace/segment';
import { writeText } from '../encode/text';
import type { V3Names } from '../names';
import { writeId } from './encode-id';
import { writeSpan } from './encode-span';

/** One gRPC message: not compressed, its length, and a `SegmentObject`. */
export function writeSegment(buf: Buffer, pos: number, segment: Segment, names: V3Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeId(buf, message + 1, segment.traceId);
  buf[at] = 0x12;
  at = writeId(buf, at + 1, segment.segmentId);
  for (const span of segment.spans) at = writeSpan(buf, at, span, names);
  buf[at] = 0x22;
  at = writeText(buf, at + 1, names.service);
  buf[at] = 0x2a;
  at = writeText(buf, at + 1, names.instance);
  if (segment.isSizeLimited) {
    buf[at] = 0x30;
    buf[at + 1] = 1;
    at += 2;
  }
  buf[pos] = 0;
  buf.writeUInt32BE(at - message, pos + 1);
  return at;
}
