import type { Span } from '../../trace/span';
import { v3EndpointName } from '../../trace/v3-endpoint-name';
import { SpanType } from '../../trace/vocabulary';
import { writeLog, writeNumber, writeTime } from '../encode/field';
import { closeLength } from '../encode/length';
import { KnownPairs } from '../encode/known-pairs';
import { writePair, writeUrl } from '../encode/pair';
import { writeText } from '../encode/text';
import type { V3Names } from '../names';
import { writeRef } from './encode-ref';

const TAG = 0x62;
const METHODS = new KnownPairs(TAG, 'http.method');
const STATUS_CODES = new KnownPairs(TAG, 'http.status_code');

/** A `SpanObject`, as field 3 of a segment. */
export function writeSpan(buf: Buffer, pos: number, span: Span, names: V3Names): number {
  buf[pos] = 0x1a;
  const body = pos + 3;
  let at = body;
  if (span.spanId !== 0) at = writeNumber(buf, at, 0x08, span.spanId);
  if (span.parentSpanId !== 0) at = writeNumber(buf, at, 0x10, span.parentSpanId);
  if (span.startTime !== 0) at = writeTime(buf, at, 0x18, span.startTime);
  if (span.endTime !== 0) at = writeTime(buf, at, 0x20, span.endTime);
  if (span.refs) for (const ref of span.refs) if (ref.parentService !== undefined) at = writeRef(buf, at, ref);
  at = writeOperation(buf, at, span, names);
  if (span.peer !== '') {
    buf[at] = 0x3a;
    at = writeText(buf, at + 1, span.peer);
  }
  if (span.type !== 0) at = writeNumber(buf, at, 0x40, span.type);
  if (span.layer !== 0) at = writeNumber(buf, at, 0x48, span.layer);
  if (span.componentId !== 0) at = writeNumber(buf, at, 0x50, span.componentId);
  if (span.isError) {
    buf[at] = 0x58;
    buf[at + 1] = 1;
    at += 2;
  }
  at = writeTags(buf, at, span);
  if (span.logs) {
    for (const log of span.logs) {
      buf[at] = 0x6a;
      at = writeLog(buf, at + 3, log);
    }
  }
  if (span.segment.skipsAnalysis) {
    buf[at] = 0x70;
    buf[at + 1] = 1;
    at += 2;
  }
  return closeLength(buf, body, at, 2);
}

function writeOperation(buf: Buffer, pos: number, span: Span, names: V3Names): number {
  const name = span.type === SpanType.entry ? names.endpoint(v3EndpointName(span)) : span.operationName;
  if (name === '') return pos;
  buf[pos] = 0x32;
  return writeText(buf, pos + 1, name);
}

function writeTags(buf: Buffer, pos: number, span: Span): number {
  let at = pos;
  if (span.urlRest !== '') at = writeUrl(buf, at, TAG, span);
  if (span.method !== '') at = METHODS.write(buf, at, span.method);
  if (span.statusCode !== 0) at = STATUS_CODES.write(buf, at, span.statusCode);
  const { tags } = span;
  if (tags) {
    for (let i = 0; i < tags.length; i += 2) at = writePair(buf, at, TAG, tags[i] ?? '', tags[i + 1] ?? '');
  }
  return at;
}
