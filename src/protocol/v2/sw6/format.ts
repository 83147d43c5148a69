import { writeBase64 } from '../../../tracing/propagation/base64';
import { writeDigits, writeIdText } from '../../../model/id-text';
import { MAX_CARRIER_LENGTH } from '../../../tracing/propagation/headers';
import type { Sw6 } from './header';
import type { Id } from '../../../model/ids';

const DASH = 0x2d;
const HASH = 0x23;
const ONE = 0x31;
const ZERO = 0x30;

/** One field before it becomes Base64; the whole header, which is too long with any two of the longest fields. */
const field = Buffer.allocUnsafeSlow((MAX_CARRIER_LENGTH / 4) * 3);
const line = Buffer.allocUnsafeSlow(3 * MAX_CARRIER_LENGTH + 256);

/** The header; `undefined` if it would be too long. */
export function formatSw6(sw6: Sw6): string | undefined {
  line[0] = sw6.isSampled ? ONE : ZERO;
  let at = writeId(1, sw6.traceId);
  at = writeId(at, sw6.parentSegmentId);
  at = writeNumber(at, sw6.parentSpanId);
  at = writeNumber(at, sw6.parentInstanceId);
  at = writeNumber(at, sw6.entryInstanceId);
  at = writeNameOrId(at, sw6.peer);
  at = writeNameOrId(at, sw6.entryEndpoint ?? -1);
  at = writeNameOrId(at, sw6.parentEndpoint ?? -1);
  return at <= MAX_CARRIER_LENGTH ? line.toString('latin1', 0, at) : undefined;
}

function writeId(pos: number, id: Id): number {
  line[pos] = DASH;
  return writeBase64(line, pos + 1, field, writeIdText(field, 0, id));
}

function writeNumber(pos: number, value: number): number {
  line[pos] = DASH;
  return writeDigits(line, pos + 1, value);
}

/** @returns past the longest header where the field alone is as long */
function writeNameOrId(pos: number, nameOrId: string | number): number {
  const length = typeof nameOrId === 'number' ? fillId(nameOrId) : fillName(nameOrId);
  if (length === -1) return MAX_CARRIER_LENGTH + 1;
  line[pos] = DASH;
  return writeBase64(line, pos + 1, field, length);
}

function fillId(id: number): number {
  if (id >= 0) return writeDigits(field, 0, id);
  field[0] = DASH;
  return writeDigits(field, 1, -id);
}

function fillName(name: string): number {
  const { length } = name;
  if (length >= field.length) return -1;
  field[0] = HASH;
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    if (code > 127) return fillAnyName(name);
    field[i + 1] = code;
  }
  return length + 1;
}

function fillAnyName(name: string): number {
  return Buffer.byteLength(name) < field.length ? 1 + field.write(name, 1) : -1;
}
