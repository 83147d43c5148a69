import { copyOf } from '../../../base/text';
import type { Segment, SegmentRef, Span, SpanLog } from '../../../model/segment';
import { closeLength, writeFastText, writeInt32, writeInt64, writeJoined } from './value';

/** An int32 or an enum under the field that `tag` (one byte) names. */
export function writeNumber(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt32(buf, pos + 1, value);
}

/** An int64: milliseconds since 1970. */
export function writeTime(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt64(buf, pos + 1, value);
}

/** A `KeyStringValuePair` under the field that `tag` (one byte) names; alike in both protocols. */
export function writeFastPair(buf: Buffer, pos: number, tag: number, key: string, value: string): number {
  buf[pos] = tag;
  const body = pos + 2;
  let at = body;
  if (key !== '') {
    buf[at] = 0x0a;
    at = writeFastText(buf, at + 1, key);
  }
  if (value !== '') {
    buf[at] = 0x12;
    at = writeFastText(buf, at + 1, value);
  }
  return close(buf, body, at);
}

/** The `url` of a span, as such a pair. */
export function writeUrl(buf: Buffer, pos: number, tag: number, { urlBase, urlRest }: Span): number {
  buf[pos] = tag;
  const body = pos + 2;
  buf[body] = 0x0a;
  const value = writeFastText(buf, body + 1, 'url');
  buf[value] = 0x12;
  return close(buf, body, writeJoined(buf, value + 1, urlBase, urlRest));
}

function close(buf: Buffer, body: number, end: number): number {
  const length = end - body;
  if (length > 127) return closeLength(buf, body, end, 1);
  buf[body - 1] = length;
  return end;
}

/** A `Log`, alike in both protocols. `body` is where it begins; the two bytes before it are its length's. */
export function writeLog(buf: Buffer, body: number, log: SpanLog): number {
  let at = body;
  if (log.time !== 0) at = writeTime(buf, at, 0x08, log.time);
  for (let i = 0; i < log.data.length; i += 2) {
    at = writeFastPair(buf, at, 0x12, log.data[i] ?? '', log.data[i + 1] ?? '');
  }
  return closeLength(buf, body, at, 2);
}

/** For one key, so that whatever values there are, little is kept. */
const MOST = 64;
const LONGEST = 64;

/** The pairs of a key that has few values: each is encoded once, and from then on copied in one piece. */
export class TagCache {
  private readonly ready = new Map<string | number, Uint8Array>();

  /** @param tag of the field that the pairs go under */
  constructor(
    private readonly tag: number,
    private readonly key: string,
  ) {}

  write(buf: Buffer, pos: number, value: string | number): number {
    const pair = this.ready.get(value);
    if (pair === undefined) return this.writeNew(buf, pos, value);
    buf.set(pair, pos);
    return pos + pair.length;
  }

  private writeNew(buf: Buffer, pos: number, value: string | number): number {
    const end = writeFastPair(buf, pos, this.tag, this.key, String(value));
    if (this.ready.size < MOST && end - pos <= LONGEST) {
      // An application may have cut it out of a large text.
      const own = typeof value === 'string' ? copyOf(value) : value;
      this.ready.set(own, Uint8Array.from(buf.subarray(pos, end)));
    }
    return end;
  }
}

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
