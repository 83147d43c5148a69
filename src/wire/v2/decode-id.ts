import { ForeignId } from '../../trace/id';
import type { Cursor } from '../message/cursor';
import { Fields } from '../message/fields';

/** A `UniqueId`. Whether we made it ourselves makes no difference any more: on the wire it is three int64. */
export function readId(message: Cursor): ForeignId {
  const parts = new Fields(message).one(1);
  const id = new ForeignId([parts.bigint(), parts.bigint(), parts.bigint()]);
  if (!parts.isAtEnd) throw new Error('an id has more than three parts');
  return id;
}
