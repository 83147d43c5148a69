'use strict';

/* A protobuf codec that reads the tables in ../wire (`message -> field -> [number, type]`). */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest ? low | 0x80 : low);
  } while (rest);
  return Buffer.from(bytes);
}

const tag = (field, wireType) => varint((field << 3) | wireType);

const delimited = (field, bytes) => Buffer.concat([tag(field, BYTES), varint(bytes.length), bytes]);

function double(field, value) {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, FIXED64), bytes]);
}

function encodeOne(tables, type, field, value) {
  if (type === 'string') return delimited(field, Buffer.from(value, 'utf8'));
  if (type === 'bytes') return delimited(field, value);
  if (type === 'double') return double(field, value);
  if (tables.messages[type]) return delimited(field, encode(tables, type, value));
  const number = typeof value === 'string' ? tables.enums[type][value] : value;
  return Buffer.concat([tag(field, VARINT), varint(number)]);
}

function encode(tables, message, value) {
  const parts = [];
  for (const [name, content] of Object.entries(value)) {
    const entry = tables.messages[message][name];
    if (!entry) throw new Error(`${message} has no field ${name}`);
    const [field, declared] = entry;
    const repeated = declared.startsWith('repeated ');
    const type = repeated ? declared.slice('repeated '.length) : declared;
    if (repeated && type === 'int64') parts.push(delimited(field, Buffer.concat(content.map(varint))));
    else for (const one of repeated ? content : [content]) parts.push(encodeOne(tables, type, field, one));
  }
  return Buffer.concat(parts);
}

function readVarint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    if (at >= bytes.length) throw new Error('a message ends in the middle of a number');
    const byte = bytes[at++];
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function decodeOne(tables, type, raw) {
  if (type === 'string') return raw.toString('utf8');
  if (type === 'bytes') return raw;
  if (type === 'bool') return raw !== 0n;
  if (type === 'int64') return BigInt.asIntN(64, raw);
  if (tables.messages[type]) return decode(tables, type, raw);
  return Number(BigInt.asIntN(32, raw));
}

/** Understands the field kinds that answers consist of: numbers, strings and messages. */
function decode(tables, message, bytes) {
  const byNumber = new Map(
    Object.entries(tables.messages[message]).map(([name, [number, type]]) => [number, { name, type }]),
  );
  const value = {};
  for (let at = 0; at < bytes.length;) {
    let key, raw;
    [key, at] = readVarint(bytes, at);
    const wireType = Number(key & 7n);
    if (wireType === VARINT) [raw, at] = readVarint(bytes, at);
    else if (wireType === BYTES) {
      let length;
      [length, at] = readVarint(bytes, at);
      raw = bytes.subarray(at, (at += Number(length)));
    } else {
      at += wireType === FIXED32 ? 4 : 8;
      continue;
    }
    const field = byNumber.get(Number(key >> 3n));
    if (!field) continue;
    if (field.type.startsWith('repeated ')) {
      (value[field.name] ??= []).push(decodeOne(tables, field.type.slice('repeated '.length), raw));
    } else value[field.name] = decodeOne(tables, field.type, raw);
  }
  return value;
}

module.exports = { decode, encode };
