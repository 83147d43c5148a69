import type { SpanLog } from '../../trace/span';
import type { Cursor } from './cursor';
import { decodePairs } from './decode-pairs';
import { Fields } from './fields';

/** A `Log`, alike in both protocols. */
export function decodeLog(message: Cursor): SpanLog {
  const log = new Fields(message);
  return { time: log.number(1), data: decodePairs(log.all(2)) };
}
