import type { Type } from 'protobufjs';
import { readGrpcMessage } from './read-message';

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
