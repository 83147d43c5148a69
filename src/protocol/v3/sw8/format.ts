import { writeBase64 } from '../../../tracing/propagation/base64';
import { writeDigits, writeIdText } from '../../../model/id-text';
import { MAX_CARRIER_LENGTH } from '../../../tracing/propagation/headers';
import type { Sw8 } from './header';
import type { Id } from '../../../model/ids';

const DASH = 0x2d;
const ONE = 0x31;
const ZERO = 0x30;

/** One field before it becomes Base64; the whole header, which is too long with any two of the longest fields. */
const field = Buffer.allocUnsafeSlow((MAX_CARRIER_LENGTH / 4) * 3);
const line = Buffer.allocUnsafeSlow(5 * MAX_CARRIER_LENGTH);

/** The header; `undefined` if it would be too long, or a part of it is empty, which no agent accepts. */
export function formatSw8(sw8: Sw8): string | undefined {
  line[0] = sw8.isSampled ? ONE : ZERO;
  let at = writeId(1, sw8.traceId);
  at = writeId(at, sw8.parentSegmentId);
  line[at] = DASH;
  at = writeDigits(line, at + 1, sw8.parentSpanId);
  at = writeText(at, sw8.parentService);
  at = writeText(at, sw8.parentInstance);
  at = writeText(at, sw8.parentEndpoint);
  at = writeText(at, sw8.addressUsedAtPeer);
  return at <= MAX_CARRIER_LENGTH ? line.toString('latin1', 0, at) : undefined;
}

function writeId(pos: number, id: Id): number {
  line[pos] = DASH;
  return writeBase64(line, pos + 1, field, writeIdText(field, 0, id));
}

/** @returns past the longest header where the field cannot be in it */
function writeText(pos: number, text: string): number {
  if (pos > MAX_CARRIER_LENGTH || text === '' || Buffer.byteLength(text) > field.length) return MAX_CARRIER_LENGTH + 1;
  line[pos] = DASH;
  return writeBase64(line, pos + 1, field, field.write(text, 0));
}
