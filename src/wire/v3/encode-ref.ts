import type { Segment } from '../../trace/segment';
import type { V3Ref } from '../../trace/segment-ref';
import { writeNumber } from '../encode/field';
import { closeLength } from '../encode/length';
import { writeText } from '../encode/text';
import { writeId } from './encode-id';

/** How many refs of a segment are left out: the ids of v2 are no names. */
export function v2Refs({ spans }: Segment): number {
  let count = 0;
  for (const { refs } of spans) if (refs) for (const ref of refs) if (ref.parentService === undefined) count++;
  return count;
}

/** A `SegmentReference`, as field 5 of a span. */
export function writeRef(buf: Buffer, pos: number, ref: V3Ref): number {
  buf[pos] = 0x2a;
  const body = pos + 3;
  let at = body;
  if (ref.refType !== 0) at = writeNumber(buf, at, 0x08, ref.refType);
  buf[at] = 0x12;
  at = writeId(buf, at + 1, ref.traceId);
  buf[at] = 0x1a;
  at = writeId(buf, at + 1, ref.parentSegmentId);
  if (ref.parentSpanId !== 0) at = writeNumber(buf, at, 0x20, ref.parentSpanId);
  buf[at] = 0x2a;
  at = writeText(buf, at + 1, ref.parentService);
  buf[at] = 0x32;
  at = writeText(buf, at + 1, ref.parentInstance);
  buf[at] = 0x3a;
  at = writeText(buf, at + 1, ref.parentEndpoint);
  buf[at] = 0x42;
  at = writeText(buf, at + 1, ref.addressUsedAtPeer);
  return closeLength(buf, body, at, 2);
}
