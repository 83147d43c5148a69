import { memoized } from '../../../base/memoized';
import { type Id, type NumericId, parseId, writeDigits, writeIdText } from '../../../model/ids';
import { MAX_CARRIER_LENGTH } from '../../../model/limits';
import { readBase64, writeBase64 } from '../../../tracing/propagation/base64';
import { MAX_NAME_FIELD, readableName, readName } from '../../../tracing/propagation/parse-name';

/** What the header `sw6` says of a call. A name is a string, an id that the backend gave out is a number. */
export interface Sw6 {
  /** The caller records this trace, so every service does; otherwise none does. */
  readonly isSampled: boolean;
  readonly traceId: NumericId;
  readonly parentSegmentId: NumericId;
  /** The id of the caller's exit span. */
  readonly parentSpanId: number;
  readonly parentInstanceId: number;
  /** Where the trace came in first. */
  readonly entryInstanceId: number;
  /** The address that the caller called us by. */
  readonly peer: string | number;
  /** Absent: there is none. */
  readonly entryEndpoint: string | number | undefined;
  readonly parentEndpoint: string | number | undefined;
}

const DASH = 0x2d;
const HASH = 0x23;
const ONE = 0x31;
const ZERO = 0x30;
const FIRST_PLAIN = 0x20;
const LAST_PLAIN = 0x7e;
const readable = memoized(readableName);

/** Both ways are synchronous, so one buffer of each kind serves all: one field without its Base64; the whole header, which is too long with any two of the longest fields. */
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

/** Whether a header holds the name as it is, and not without what its readers refuse. */
export function isReadable(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < FIRST_PLAIN || code > LAST_PLAIN) return readable(name) === name;
  }
  return true;
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
    if (code < FIRST_PLAIN || code > LAST_PLAIN) return fillAnyName(readable(name));
    field[i + 1] = code;
  }
  return length + 1;
}

/** @returns -1 where nothing is left of it, too: no reader takes a name without characters */
function fillAnyName(name: string): number {
  return name !== '' && Buffer.byteLength(name) < field.length ? 1 + field.write(name, 1) : -1;
}

const FIELDS = 9;
const LARGEST_INT32 = 2 ** 31 - 1;
/** In digits. */
const LONGEST_INT32 = 10;

/** Where each field ends. */
const ends = new Uint16Array(FIELDS);

/**
 * Takes the header for what it says, or for nothing: `undefined` wherever a backend could not use it, since then it
 * would lose the segment that refers to it. A header that came twice is one of these (Node joins the two by `, `).
 * Never throws, whatever is there.
 */
export function parseSw6(header: unknown): Sw6 | undefined {
  if (typeof header !== 'string' || header.length > MAX_CARRIER_LENGTH || !split(header)) return undefined;
  const isSampled = header.charCodeAt(0) !== ZERO;
  if (ends[0] !== 1 || (isSampled && header.charCodeAt(0) !== ZERO + 1)) return undefined;
  const traceId = idAt(header, 1);
  const parentSegmentId = traceId && idAt(header, 2);
  if (!parentSegmentId) return undefined;
  const parentSpanId = int32(header, startOf(3), endOf(3));
  const parentInstanceId = int32(header, startOf(4), endOf(4));
  const entryInstanceId = int32(header, startOf(5), endOf(5));
  if (parentSpanId < 0 || parentInstanceId <= 0 || entryInstanceId <= 0) return undefined;
  const peer = nameOrIdAt(header, 6);
  const entryEndpoint = nameOrIdAt(header, 7);
  const parentEndpoint = nameOrIdAt(header, 8);
  if (!peer || peer === -1 || entryEndpoint === undefined || parentEndpoint === undefined) return undefined;
  return {
    isSampled,
    traceId,
    parentSegmentId,
    parentSpanId,
    parentInstanceId,
    entryInstanceId,
    peer,
    entryEndpoint: endpoint(entryEndpoint),
    parentEndpoint: endpoint(parentEndpoint),
  };
}

/** Nine parts. A tenth would be within the last, which is no Base64 then. */
function split(header: string): boolean {
  let at = -1;
  for (let n = 0; n < FIELDS - 1; n++) {
    at = header.indexOf('-', at + 1);
    if (at === -1) return false;
    ends[n] = at;
  }
  ends[FIELDS - 1] = header.length;
  return true;
}

function startOf(n: number): number {
  return (ends[n - 1] as number) + 1;
}

function endOf(n: number): number {
  return ends[n] as number;
}

function idAt(header: string, n: number) {
  const length = readBase64(field, header, startOf(n), endOf(n));
  return length <= 0 ? undefined : parseId(field, length);
}

/** `#name`, a decimal id, or -1 and nothing, which both are 0 here. `undefined`: neither. */
function nameOrIdAt(header: string, n: number): string | number | undefined {
  if (endOf(n) - startOf(n) > MAX_NAME_FIELD) return undefined;
  const length = readBase64(field, header, startOf(n), endOf(n));
  if (length <= 0) return length === 0 ? 0 : undefined;
  if (field[0] === HASH) return readName(field, 1, length);
  const isMinusOne = length === 2 && field[0] === DASH && field[1] === ZERO + 1;
  return isMinusOne ? -1 : idIn(length);
}

function idIn(length: number): number | undefined {
  if (length > LONGEST_INT32) return undefined;
  let value = 0;
  for (let at = 0; at < length; at++) {
    const digit = (field[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= LARGEST_INT32 ? value : undefined;
}

/** Without a sign, since a minus would part two fields; -1 if it is none. */
function int32(text: string, from: number, end: number): number {
  if (end <= from || end - from > LONGEST_INT32) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value <= LARGEST_INT32 ? value : -1;
}

/** None was named: as -1, as an id that is none, as nothing, or with no name behind its mark. */
function endpoint(nameOrId: string | number): string | number | undefined {
  return nameOrId === '' || (typeof nameOrId === 'number' && nameOrId <= 0) ? undefined : nameOrId;
}
