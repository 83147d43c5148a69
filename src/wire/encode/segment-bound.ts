import type { Segment } from '../../trace/segment';
import type { Span } from '../../trace/span';

/** More than all numbers, tags and lengths of one segment, span, ref, log or pair can take. */
const FIXED = 320;
const FIXED_PAIR = 24;
/** UTF-8 takes at most three bytes a UTF-16 unit. */
const BYTES_PER_CHAR = 3;

/** At least as many bytes as the segment takes, its frame included. Looks at lengths only, which costs next to nothing. */
export function boundOfSegment(segment: Segment): number {
  let bound = FIXED;
  for (const span of segment.spans) bound += boundOfSpan(span);
  return bound;
}

function boundOfSpan(span: Span): number {
  let chars = span.operationName.length + span.peer.length + span.url.length + span.method.length;
  let fixed = FIXED;
  if (span.tags) {
    chars += charsOf(span.tags);
    fixed += FIXED_PAIR * span.tags.length;
  }
  if (span.logs) {
    for (const { data } of span.logs) {
      chars += charsOf(data);
      fixed += FIXED + FIXED_PAIR * data.length;
    }
  }
  if (span.refs) {
    for (const ref of span.refs) {
      chars += charsOf([ref.networkAddress, ref.entryEndpoint, ref.parentEndpoint]);
      fixed += FIXED;
    }
  }
  return chars * BYTES_PER_CHAR + fixed;
}

function charsOf(texts: readonly (string | number | undefined)[]): number {
  let chars = 0;
  for (const text of texts) if (typeof text === 'string') chars += text.length;
  return chars;
}
