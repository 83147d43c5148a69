import { MAX_CARRIER_LENGTH } from './limits';

/** In UTF-16 units; nearly all carriers are shorter. */
const LONGEST_KEPT = 512;

/**
 * What is kept of a long header. A promise or a timer of the application's may keep it as long as the process lives, and
 * its length is the caller's to choose.
 */
class HeaderDigest {
  private readonly length: number;
  private readonly hash: number;

  constructor(text: string) {
    this.length = text.length;
    this.hash = hashOf(text);
  }

  isOf(text: string): boolean {
    return text.length === this.length && hashOf(text) === this.hash;
  }

  equals({ length, hash }: HeaderDigest): boolean {
    return length === this.length && hash === this.hash;
  }
}

/** Each text of more than `LONGEST_KEPT`, where it goes out; what is kept of a carrier is no more this one than any. */
class AnyLongHeader {
  isOf(text: string): boolean {
    return isLongHeader(text);
  }

  equals(): boolean {
    return false;
  }
}

export const anyLongHeader = new AnyLongHeader();

/** A header that came in, to be known again where it goes out. */
export type KnownHeader = string | HeaderDigest | AnyLongHeader;

export function isLongHeader(text: string): boolean {
  return text.length > LONGEST_KEPT;
}

export function knownHeader(text: string): KnownHeader {
  return isLongHeader(text) ? new HeaderDigest(text) : text;
}

/** @param value as the application gave it, or another that is known */
export function isKnownHeader(value: unknown, known: KnownHeader): boolean {
  if (typeof known === 'string') return value === known;
  return typeof value === 'string' ? known.isOf(value) : value instanceof HeaderDigest && known.equals(value);
}

/** Synchronous, so one serves all. A longer header is neither read nor known again. */
const bytes = Buffer.allocUnsafeSlow(MAX_CARRIER_LENGTH);
const words = new Int32Array(bytes.buffer);

/**
 * FNV-1a of four characters at a time: less than to receive them costs. Who finds two texts that are alike gains nothing,
 * a header of the application's would be taken for his own.
 */
function hashOf(text: string): number {
  const length = bytes.write(text, 0, 'latin1');
  const end = (length + 3) >> 2;
  bytes.fill(0, length, 4 * end);
  let hash = 0x811c9dc5;
  for (let at = 0; at < end; at++) hash = Math.imul(hash ^ (words[at] as number), 0x01000193);
  return hash;
}
