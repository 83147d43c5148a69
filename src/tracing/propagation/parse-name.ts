import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../../model/limits';

/**
 * In bytes. A server cuts names at 150 characters at most, and agents of other languages send paths uncut:
 * so what our own spans may be called passes, and what is longer is no name.
 */
const MAX_BYTES = LIMITS.name * 3;
/** In Base64, with a mark before the name. */
export const MAX_NAME_FIELD = 4 * Math.ceil((MAX_BYTES + 1) / 3);

const SPACE = 0x20;
const DELETE = 0x7f;
/**
 * Controls, what turns the direction of text around it, other lines, and what takes no room: a name that shows otherwise
 * than it is. Persian is written with joiners and non-joiners, and emoji are with a joiner and a selector.
 */
const DECEIVING = /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const ALL_DECEIVING = new RegExp(DECEIVING, 'gu');
const PLAIN = /^[ -~]*$/;

/** A name of our own as it is written: what {@link readName} refuses would cost the reader the whole carrier. */
export function readableName(name: string): string {
  return PLAIN.test(name) ? name : name.replace(ALL_DECEIVING, '');
}

/**
 * A name that a caller gives, as UTF-8 in `bytes[from … end)`. `undefined`: it is none, or too long, or has characters
 * that no agent gives a name and that deceive the one who reads it.
 */
export function readName(bytes: Buffer, from: number, end: number): string | undefined {
  let isAscii = true;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte === DELETE) return undefined;
    if (byte > DELETE) isAscii = false;
  }
  if (isAscii) return end - from <= LIMITS.name ? bytes.toString('latin1', from, end) : undefined;
  if (end - from > MAX_BYTES || !isUtf8(bytes.subarray(from, end))) return undefined;
  const name = bytes.toString('utf8', from, end);
  return name.length <= LIMITS.name && !DECEIVING.test(name) ? name : undefined;
}
