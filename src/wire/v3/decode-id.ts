import { TextId, type Id } from '../../trace/id';
import { readId as readNumericId } from '../../trace/read-id';
import type { Cursor } from '../message/cursor';

/** Three int64 where it is just that, so that v2 can carry it; otherwise a text that means nothing to us. */
export function readId(message: Cursor): Id {
  const text = message.text();
  const bytes = message.rest();
  const id = readNumericId(bytes, bytes.length);
  return id?.toString() === text ? id : new TextId(text);
}
