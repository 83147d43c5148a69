import type { WireSegment } from './wire-segment';

/** Columns of the real server's storage; a row that does not fit is not written. */
const LONGEST_ID = 150;

/** Why OAP 10.1 answers OK and shows nothing, tried out on a real one. Undefined: it shows the segment. */
export function faultOf({ traceId, traceSegmentId, spans }: WireSegment): string | undefined {
  if (!spans.some(({ spanId }) => spanId === 0)) return 'there is no span with spanId 0';
  if (spans.every(({ startTime }) => startTime === '0')) return 'no span has a startTime';
  if (traceId.length > LONGEST_ID) return longer('traceId');
  if (traceSegmentId.length > LONGEST_ID) return longer('traceSegmentId');
  return undefined;
}

function longer(field: string): string {
  return `${field} is longer than ${LONGEST_ID} characters`;
}
