import { readBase64 } from '../../../tracing/propagation/base64';
import { parseId } from '../../../model/id-text';
import { MAX_NAME_FIELD, readName } from '../../../tracing/propagation/parse-name';
import { MAX_CARRIER_LENGTH } from '../../../tracing/propagation/headers';
import type { Sw6 } from './header';

const HASH = 0x23;
const MINUS = 0x2d;
const ZERO = 0x30;
const FIELDS = 9;
const LARGEST_INT32 = 2 ** 31 - 1;
/** In digits. */
const LONGEST_INT32 = 10;

/** Where each field ends, and one of them decoded. Reading is synchronous, so one of each serves all. */
const ends = new Uint16Array(FIELDS);
const field = Buffer.allocUnsafeSlow((MAX_CARRIER_LENGTH / 4) * 3);

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
  const isMinusOne = length === 2 && field[0] === MINUS && field[1] === ZERO + 1;
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
