import type { Span } from '../../../model/segment';
import { closeLength } from './varint';
import { writeJoined, writeFastText } from './text';

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
