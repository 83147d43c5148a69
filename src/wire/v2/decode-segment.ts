import { Segment } from '../../trace/segment';
import { Cursor } from '../message/cursor';
import { Fields } from '../message/fields';
import type { V2Names } from '../names';
import { readId } from './decode-id';
import { readSpan } from './decode-span';

/**
 * The way back from `writeSegment`, of its message without the five bytes before it: for what waited until its ids were
 * given up, or the protocol is another. It holds names again, its refs aside.
 *
 * Throws on what is no such message, and on an id that `names` knows no name of.
 *
 * @param names those it was written with
 */
export function readSegment(message: Buffer, names: V2Names): Segment {
  const upstream = new Fields(new Cursor(message));
  const fields = new Fields(upstream.one(2));
  const segment = new Segment(readId(upstream.one(1)), readId(fields.one(1)));
  segment.isSizeLimited = fields.isSet(5);
  for (const span of fields.all(2)) segment.spans.push(readSpan(span, segment, names));
  return segment;
}
