import type { V2Ref } from '../../trace/segment-ref';
import type { RefType } from '../../trace/vocabulary';
import type { Cursor } from '../message/cursor';
import { Fields } from '../message/fields';
import { readId } from './decode-id';

/**
 * A `SegmentReference`, as it stands there. Its ids are the caller's, so no names can be made of them: it belongs to the
 * epoch it was written in, and is left out and counted in any other.
 */
export function readRef(message: Cursor, epoch: number): V2Ref {
  const fields = new Fields(message);
  return {
    epoch,
    refType: fields.number(1) as RefType,
    parentSegmentId: readId(fields.one(2)),
    parentSpanId: fields.number(3),
    parentInstanceId: fields.number(4),
    networkAddress: nameOrId(fields, 5, 6),
    entryInstanceId: fields.number(7),
    entryEndpoint: nameOrId(fields, 8, 9),
    parentEndpoint: nameOrId(fields, 10, 11),
  };
}

function nameOrId(fields: Fields, name: number, id: number): string | number {
  return fields.isSet(id) ? fields.number(id) : fields.text(name);
}
