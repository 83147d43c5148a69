import type { Failed } from '../base/outcome';

/**
 * What is to become of segments whose fate is unknown. A backend that gets one twice shows it once and counts it twice in
 * its metrics (OAP 6.5.0, 8.3.0 and 10.1.0 alike). Undefined, the default: they are given up, but for those that were on
 * a connection that was lost.
 */
export type Delivery = 'at-most-once' | 'at-least-once';

/**
 * What is to become of the segments on a stream that a status other than OK has ended.
 *
 * - `give-up`: they are dropped and counted.
 * - `back-off`: they are sent again after a pause, until {@link MAX_ATTEMPTS} streams in a row have ended so.
 */
type Verdict = 'give-up' | 'back-off';

/** How a stream ended that did not end with OK. */
export type StreamFailure = Pick<Failed, 'code' | 'isUnanswered'>;

/** Ten streams, with nine pauses of half a second to five seconds between them: about half a minute. */
export const MAX_ATTEMPTS = 10;

/** The backend says no: it would say so again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'UNIMPLEMENTED',
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'NOT_FOUND',
]);

/** The backend says "not now", or the connection was lost before it answered (UNAVAILABLE). */
const NOT_NOW: ReadonlySet<string> = new Set(['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'ABORTED']);

/** After any status that is in neither list the backend may have taken a part, or all. */
export function verdictOn(end: StreamFailure, delivery: Delivery | undefined): Verdict {
  if (isRefusal(end.code)) return 'give-up';
  return isNotNow(end, delivery) || delivery === 'at-least-once' ? 'back-off' : 'give-up';
}

/**
 * Whether the segments count as not taken. Where a connection was lost that is a guess: a server that ends in the middle of
 * a stream has stored nothing of it (all of 281 streams that restarts of genuine servers broke), but one that lives on has
 * stored what it had read. So where segments go at most once, only the server's own word counts.
 */
export function isNotNow({ code, isUnanswered = false }: StreamFailure, delivery: Delivery | undefined): boolean {
  return NOT_NOW.has(code) && !(isUnanswered && delivery === 'at-most-once');
}

export function isRefusal(status: string): boolean {
  return REFUSALS.has(status);
}
