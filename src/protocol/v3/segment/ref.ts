import type { Segment, V3Ref } from '../../../model/segment';
import { writeNumber } from '../../protobuf/fast/field';
import { closeLength } from '../../protobuf/fast/varint';
import { writeFastText } from '../../protobuf/fast/text';
import { writeV3Id, readV3Id } from './id';
import type { RefType } from '../../../model/components';
import { type MessageReader, Fields } from '../../protobuf/control/reader';

/** How many refs of a segment are left out: the ids of v2 are no names. */
export function v2Refs({ spans }: Segment): number {
  let count = 0;
  for (const { refs } of spans) if (refs) for (const ref of refs) if (ref.parentService === undefined) count++;
  return count;
}

/** A `SegmentReference`, as field 5 of a span. */
export function writeV3Ref(buf: Buffer, pos: number, ref: V3Ref): number {
  buf[pos] = 0x2a;
  const body = pos + 3;
  let at = body;
  if (ref.refType !== 0) at = writeNumber(buf, at, 0x08, ref.refType);
  buf[at] = 0x12;
  at = writeV3Id(buf, at + 1, ref.traceId);
  buf[at] = 0x1a;
  at = writeV3Id(buf, at + 1, ref.parentSegmentId);
  if (ref.parentSpanId !== 0) at = writeNumber(buf, at, 0x20, ref.parentSpanId);
  buf[at] = 0x2a;
  at = writeFastText(buf, at + 1, ref.parentService);
  buf[at] = 0x32;
  at = writeFastText(buf, at + 1, ref.parentInstance);
  buf[at] = 0x3a;
  at = writeFastText(buf, at + 1, ref.parentEndpoint);
  buf[at] = 0x42;
  at = writeFastText(buf, at + 1, ref.addressUsedAtPeer);
  return closeLength(buf, body, at, 2);
}

/** A `SegmentReference` */
export function readV3Ref(message: MessageReader): V3Ref {
  const fields = new Fields(message);
  return {
    refType: fields.number(1) as RefType,
    traceId: readV3Id(fields.one(2)),
    parentSegmentId: readV3Id(fields.one(3)),
    parentSpanId: fields.number(4),
    parentService: fields.text(5),
    parentInstance: fields.text(6),
    parentEndpoint: fields.text(7),
    addressUsedAtPeer: fields.text(8),
  };
}
