import { numericTraceId } from '../../trace/numeric-trace-id';
import type { Segment } from '../../trace/segment';
import { closeLength } from '../encode/length';
import { writeInt32 } from '../encode/varint';
import type { V2Names } from '../names';
import { writeId } from './encode-id';
import { writeSpan } from './encode-span';

/** One gRPC message: not compressed, its length, and an `UpstreamSegment` around the `SegmentObject`. */
export function writeSegment(buf: Buffer, pos: number, segment: Segment, names: V2Names): number {
  const message = pos + 5;
  buf[message] = 0x0a;
  let at = writeId(buf, message + 1, numericTraceId(segment));
  buf[at] = 0x12;
  const body = at + 3;
  buf[body] = 0x0a;
  at = writeId(buf, body + 1, segment.segmentId);
  for (const span of segment.spans) at = writeSpan(buf, at, span, names);
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
