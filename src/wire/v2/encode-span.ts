import type { Span, SpanLog } from '../../trace/span';
import { SpanType } from '../../trace/vocabulary';
import { closeLength } from '../encode/length';
import { writeText } from '../encode/text';
import { writeInt32, writeInt64 } from '../encode/varint';
import type { Names } from '../names';
import { writeRef } from './encode-ref';
import { readyKey, writeKnownTag, writePair } from './encode-tag';

const URL = readyKey('url');
const METHOD = readyKey('http.method');
const STATUS_CODE = readyKey('status_code');

/**
 * A `SpanObjectV2`, as field 2 of a segment. An id or a name goes out, never both: beside an id the server takes the
 * name for another one. Only entry spans have endpoints; the server leaves local and exit names as they are.
 */
export function writeSpan(buf: Buffer, pos: number, span: Span, names: Names): number {
  buf[pos] = 0x12;
  const body = pos + 3;
  let at = body;
  if (span.spanId !== 0) at = writeNumber(buf, at, 0x08, span.spanId);
  if (span.parentSpanId !== 0) at = writeNumber(buf, at, 0x10, span.parentSpanId);
  if (span.startTime !== 0) at = writeTime(buf, at, 0x18, span.startTime);
  if (span.endTime !== 0) at = writeTime(buf, at, 0x20, span.endTime);
  if (span.refs) for (const ref of span.refs) at = writeRef(buf, at, ref, names);
  at = writeOperation(buf, at, span, names);
  if (span.peer !== '') at = writePeer(buf, at, span.peer, names);
  if (span.type !== 0) at = writeNumber(buf, at, 0x50, span.type);
  if (span.layer !== 0) at = writeNumber(buf, at, 0x58, span.layer);
  if (span.componentId !== 0) at = writeNumber(buf, at, 0x60, span.componentId);
  if (span.isError) {
    buf[at] = 0x70;
    buf[at + 1] = 1;
    at += 2;
  }
  at = writeTags(buf, at, span);
  if (span.logs) for (const log of span.logs) at = writeLog(buf, at, log);
  return closeLength(buf, body, at, 2);
}

function writeOperation(buf: Buffer, pos: number, span: Span, names: Names): number {
  const name = span.operationName;
  if (name === '') return pos;
  const id = span.type === SpanType.entry ? names.endpoint(name) : 0;
  if (id !== 0) return writeNumber(buf, pos, 0x30, id);
  buf[pos] = 0x3a;
  return writeText(buf, pos + 1, name);
}

function writePeer(buf: Buffer, pos: number, peer: string, names: Names): number {
  const id = names.networkAddress(peer);
  if (id !== 0) return writeNumber(buf, pos, 0x40, id);
  buf[pos] = 0x4a;
  return writeText(buf, pos + 1, peer);
}

function writeTags(buf: Buffer, pos: number, span: Span): number {
  let at = pos;
  if (span.url !== '') at = writeKnownTag(buf, at, URL, span.url);
  if (span.method !== '') at = writeKnownTag(buf, at, METHOD, span.method);
  if (span.statusCode !== 0) at = writeKnownTag(buf, at, STATUS_CODE, String(span.statusCode));
  const tags = span.tags;
  if (tags) {
    for (let i = 0; i < tags.length; i += 2) at = writePair(buf, at, 0x7a, tags[i] ?? '', tags[i + 1] ?? '');
  }
  return at;
}

/** A `Log`, as field 16: the one field here whose tag takes two bytes. */
function writeLog(buf: Buffer, pos: number, log: SpanLog): number {
  buf[pos] = 0x82;
  buf[pos + 1] = 0x01;
  const body = pos + 4;
  let at = body;
  if (log.time !== 0) at = writeTime(buf, at, 0x08, log.time);
  for (let i = 0; i < log.data.length; i += 2) {
    at = writePair(buf, at, 0x12, log.data[i] ?? '', log.data[i + 1] ?? '');
  }
  return closeLength(buf, body, at, 2);
}

function writeNumber(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt32(buf, pos + 1, value);
}

function writeTime(buf: Buffer, pos: number, tag: number, value: number): number {
  buf[pos] = tag;
  return writeInt64(buf, pos + 1, value);
}
