import { closeLength } from './length';
import { writeText } from './text';

/** A `KeyStringValuePair` under the field that `tag` (one byte) names; alike in both protocols. */
export function writePair(buf: Buffer, pos: number, tag: number, key: string, value: string): number {
  buf[pos] = tag;
  const body = pos + 2;
  let at = body;
  if (key !== '') {
    buf[at] = 0x0a;
    at = writeText(buf, at + 1, key);
  }
  if (value !== '') {
    buf[at] = 0x12;
    at = writeText(buf, at + 1, value);
  }
  return close(buf, body, at);
}

/** One whose key is known beforehand: `key` is the pair's first field, ready made by `readyKey`. */
export function writeKnownPair(buf: Buffer, pos: number, tag: number, key: Uint8Array, value: string): number {
  buf[pos] = tag;
  const body = pos + 2;
  let at = body;
  for (let i = 0; i < key.length; i++) buf[at++] = key[i] as number;
  return close(buf, body, writeText(buf, at, value));
}

/** The key and the mark of its value, as they go out. */
export function readyKey(key: string): Uint8Array {
  return Uint8Array.from([0x0a, key.length, ...Buffer.from(key), 0x12]);
}

function close(buf: Buffer, body: number, end: number): number {
  const length = end - body;
  if (length > 127) return closeLength(buf, body, end, 1);
  buf[body - 1] = length;
  return end;
}
