import { TextId } from '../../trace/id';
import { Segment } from '../../trace/segment';
import { Cursor } from '../message/cursor';
import { Fields } from '../message/fields';
import { readId } from './decode-id';
import { readSpan } from './decode-span';

/**
 * The way back from `writeSegment`, of its message without the five bytes before it: for what waited until the protocol
 * was another. Names that were cut stay so. Throws on what is no such message.
 */
export function readSegment(message: Buffer): Segment {
  const fields = new Fields(new Cursor(message));
  const segmentId = readId(fields.one(2));
  if (segmentId instanceof TextId) throw new Error('the id of the segment is none of ours');
  const segment = new Segment(readId(fields.one(1)), segmentId);
  segment.isSizeLimited = fields.isSet(6);
  for (const span of fields.all(3)) segment.spans.push(readSpan(span, segment));
  // Nothing is read of the instance: it stands behind all spans, so they are all there if it is.
  fields.one(5);
  return segment;
}
