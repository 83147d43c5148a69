import type { Segment, SegmentRef, Span } from '../../../model/segment';

/** More than all numbers, ids, tags and lengths of one span, ref, log or pair can take. */
const FIXED = 320;
const FIXED_PAIR = 24;
/** The same of what surrounds the spans: two ids, and on v3 the names of service and instance. */
const FIXED_SEGMENT = 1024;
/** UTF-8 takes at most three bytes a UTF-16 unit. */
const BYTES_PER_CHAR = 3;

/** At least as many bytes as the segment takes, its frame included. Looks at lengths only, which costs next to nothing. */
export function maxSegmentSize(segment: Segment): number {
  let bound = FIXED_SEGMENT;
  for (const span of segment.spans) bound += boundOfSpan(span);
  return bound;
}

function boundOfSpan(span: Span): number {
  // The method also stands before a v3 endpoint's name.
  let chars =
    span.operationName.length + span.peer.length + span.urlBase.length + span.urlRest.length + 2 * span.method.length;
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
      chars += charsOfRef(ref);
      fixed += FIXED;
    }
  }
  return chars * BYTES_PER_CHAR + fixed;
}

function charsOfRef(ref: SegmentRef): number {
  if (ref.parentService === undefined) return charsOf([ref.networkAddress, ref.entryEndpoint, ref.parentEndpoint]);
  return charsOf([ref.parentService, ref.parentInstance, ref.parentEndpoint, ref.addressUsedAtPeer]);
}

function charsOf(texts: readonly (string | number | undefined)[]): number {
  let chars = 0;
  for (const text of texts) if (typeof text === 'string') chars += text.length;
  return chars;
}
