import type { V3Ref } from '../../trace/segment-ref';
import type { RefType } from '../../trace/vocabulary';
import type { Cursor } from '../message/cursor';
import { Fields } from '../message/fields';
import { readId } from './decode-id';

/** A `SegmentReference` */
export function readRef(message: Cursor): V3Ref {
  const fields = new Fields(message);
  return {
    refType: fields.number(1) as RefType,
    traceId: readId(fields.one(2)),
    parentSegmentId: readId(fields.one(3)),
    parentSpanId: fields.number(4),
    parentService: fields.text(5),
    parentInstance: fields.text(6),
    parentEndpoint: fields.text(7),
    addressUsedAtPeer: fields.text(8),
  };
}
