import type { Reader } from 'protobufjs/minimal';
import { modules } from '../../base/lazy';
import { AnswerTooLarge, MAX_TEXT_BYTES } from './bounds';
import { Cursor } from './cursor';

/** Every message in the field `wanted`. Throws on what is no protobuf, as all of these do, and where there are too many. */
export function eachMessage(bytes: Buffer, wanted: number, max: number, read: (message: Reader) => void): void {
  const reader = modules.protobuf().Reader.create(bytes);
  let count = 0;
  eachField(reader, (field, wire) => {
    if (field !== wanted || wire !== 2) {
      reader.skipType(wire);
      return;
    }
    if (++count > max) throw new AnswerTooLarge(`more than ${max} messages`);
    read(readMessage(reader));
  });
}

/** The message that is the value of the field just met. */
export function readMessage(reader: Reader): Reader {
  return modules.protobuf().Reader.create(reader.bytes());
}

export function eachField(reader: Reader, read: (field: number, wire: number) => void): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 0) throw new Error('a field has no number');
    read(tag >>> 3, tag & 7);
  }
}

/** Not the reader's own `string`: that takes a text cut short for a whole one. Halves of pairs become U+FFFD. */
export function readText(reader: Reader): string {
  const bytes = reader.bytes();
  if (bytes.length > MAX_TEXT_BYTES) throw new AnswerTooLarge(`a text of more than ${MAX_TEXT_BYTES} bytes`);
  return Buffer.from(bytes).toString();
}

/** Not the reader's own `int32`: that cuts a larger number down to one that may be the id of another name. 0: it is no int32. */
export function readInt32(reader: Reader): number {
  const from = reader.pos;
  reader.skip();
  const value = new Cursor(Buffer.from(reader.buf.subarray(from, reader.pos))).number();
  return value === (value | 0) ? value : 0;
}
