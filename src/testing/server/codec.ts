import protobuf from 'protobufjs';
import type { Type } from 'protobufjs';

const LONGEST_VARINT = 10;

/**
 * Reads as the real server does. A text whose bytes are not UTF-8, such as those of a lone surrogate, makes the whole
 * message unreadable, where protobufjs would put U+FFFD in its place; a number ends where it says it does, where protobufjs
 * takes every one of more than five bytes for one of ten.
 */
class StrictReader extends protobuf.BufferReader {
  private static readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  override string(): string {
    return StrictReader.utf8.decode(this.bytes());
  }

  /** The low 32 bits. Tags, lengths, int32, bool and enums are read by this. */
  override uint32(): number {
    let value = 0;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = this.buf[this.pos++];
      if (byte === undefined) throw new RangeError('the message ends in the middle of a number');
      if (index < 5) value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error('a number of more than ten bytes');
  }

  /** @param length without it: a number */
  override skip(length?: number): this {
    if (length === undefined) this.uint32();
    else super.skip(length);
    return this;
  }
}

interface FieldReader {
  readonly name: string;
  readonly wireType: number;
  readonly isRepeated: boolean;
  /** Many numbers in one field, as proto3 writes them. */
  readonly isPackable: boolean;
  /** Those of which there can be only one: the last. */
  readonly rivals: readonly string[];
  readonly read: (reader: protobuf.Reader) => unknown;
}

type Plan = ReadonlyMap<number, FieldReader>;

const LENGTH_DELIMITED = 2;

const plans = new WeakMap<protobuf.Type, Plan>();

/**
 * Reads a message as protobuf of the real servers does: a field of another kind than theirs is skipped, where protobufjs
 * reads it by what it expects. It matters where bytes are no message of this protocol but of the other.
 */
function readGrpcMessage(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
  const plan = planOf(type);
  const reader = new StrictReader(bytes);
  const message = type.create();
  const values = message as unknown as Record<string, unknown>;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    if (id === 0) throw new Error('invalid tag');
    const field = plan.get(id);
    if (field && wireType === field.wireType) take(field, [field.read(reader)], values);
    else if (field?.isPackable && wireType === LENGTH_DELIMITED) take(field, unpack(field, reader.bytes()), values);
    else reader.skipType(wireType);
  }
  return message;
}

function take(
  { name, isRepeated, rivals }: FieldReader,
  read: readonly unknown[],
  values: Record<string, unknown>,
): void {
  for (const rival of rivals) Reflect.deleteProperty(values, rival);
  if (!isRepeated) values[name] = read.at(-1);
  else if (Object.hasOwn(values, name)) (values[name] as unknown[]).push(...read);
  else values[name] = [...read];
}

function unpack({ read }: FieldReader, bytes: Uint8Array): unknown[] {
  const reader = new StrictReader(bytes);
  const values: unknown[] = [];
  while (reader.pos < reader.len) values.push(read(reader));
  return values;
}

function planOf(type: protobuf.Type): Plan {
  const known = plans.get(type);
  if (known) return known;
  const plan = new Map(type.fieldsArray.map((field) => [field.id, fieldReader(field)]));
  plans.set(type, plan);
  return plan;
}

function fieldReader(field: protobuf.Field): FieldReader {
  const { name, repeated: isRepeated, type, resolvedType, partOf } = field;
  const rivals = partOf ? partOf.oneof.filter((other) => other !== name) : [];
  if (resolvedType instanceof protobuf.Type) {
    const read = (reader: protobuf.Reader): unknown => readGrpcMessage(resolvedType, reader.bytes());
    return { name, isRepeated, rivals, isPackable: false, wireType: LENGTH_DELIMITED, read };
  }
  const scalar = (resolvedType ? 'int32' : type) as 'int32';
  const wireType = protobuf.types.basic[scalar];
  const isPackable = isRepeated && wireType !== LENGTH_DELIMITED;
  return { name, isRepeated, rivals, isPackable, wireType, read: (reader) => reader[scalar]() };
}

/** int64 as text: what an id is made of exceeds 2^53. */
const EXACT = { longs: String, enums: String, bytes: Buffer, defaults: true, arrays: true } as const;

/** @returns a plain object with every field, int64 as text, enums by name. Throws on what does not parse. */
export function decodeMessage(type: Type, bytes: Buffer): Readonly<Record<string, unknown>> {
  return type.toObject(readGrpcMessage(type, bytes), EXACT);
}

/** Canonical, as the real server writes: no field that has its default. protobufjs would write those too. */
export function encodeMessage(type: Type, value: Readonly<Record<string, unknown>>): Buffer {
  const message = type.fromObject(value) as unknown as Record<string, unknown>;
  strip(type, message);
  return Buffer.from(type.encode(message).finish());
}

function strip(type: Type, message: Record<string, unknown>): void {
  for (const { name, repeated, resolvedType, defaultValue } of type.fieldsArray) {
    const value = message[name];
    if (!repeated && value === defaultValue) Reflect.deleteProperty(message, name);
    if (repeated && Array.isArray(value) && isType(resolvedType))
      for (const item of value as Record<string, unknown>[]) strip(resolvedType, item);
  }
}

function isType(resolved: object | null): resolved is Type {
  return resolved !== null && 'fieldsArray' in resolved;
}
