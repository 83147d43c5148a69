import protobuf from 'protobufjs';
import { StrictReader } from './strict-reader';

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
export function readGrpcMessage(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
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
