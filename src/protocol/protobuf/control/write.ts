import type { Writer } from 'protobufjs/minimal';
import { modules } from '../../../base/lazy';

/** A whole message, without a frame. */
export function message(write: (writer: Writer) => void): Buffer {
  const writer = modules.protobuf().Writer.create();
  write(writer);
  return Buffer.from(writer.finish());
}

export function writeNested(writer: Writer, field: number, write: (writer: Writer) => void): void {
  write(writer.uint32((field << 3) | 2).fork());
  writer.ldelim();
}

/** A `KeyStringValuePair`, alike in both protocols. */
export function writePair(writer: Writer, field: number, [key, value]: readonly [key: string, value: string]): void {
  writeNested(writer, field, (pair) => {
    writeText(pair, 1, key);
    writeText(pair, 2, value);
  });
}

export function writeText(writer: Writer, field: number, value: string): void {
  if (value !== '') writeBytes(writer, field, value);
}

/** Also where it is empty. Not the writer's own `string`: that lets lone surrogates through, which are no UTF-8. */
export function writeBytes(writer: Writer, field: number, value: string): void {
  writer.uint32((field << 3) | 2).bytes(Buffer.from(value));
}

export function writeInt32Field(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(field << 3).int32(value);
}

export function writeInt64Field(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(field << 3).int64(value);
}

export function writeDouble(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32((field << 3) | 1).double(value);
}
