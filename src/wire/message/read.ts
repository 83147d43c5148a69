import type { Reader } from 'protobufjs/minimal';
import { modules } from '../../base/lazy';

/** Every message in the field `wanted`. Throws on what is no protobuf, as all of these do. */
export function eachMessage(bytes: Buffer, wanted: number, read: (message: Reader) => void): void {
  const reader = modules.protobuf().Reader.create(bytes);
  eachField(reader, (field, wire) => {
    if (field === wanted && wire === 2) read(readMessage(reader));
    else reader.skipType(wire);
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
  return Buffer.from(reader.bytes()).toString();
}
