import { isUtf8 } from 'node:buffer';
import { isForbidden } from './command';
import type { Item } from './pending';
import { parse } from './parse';

/** How the operator's tool wrote the file; what we append is written the same way. */
export type Encoding = 'utf8' | 'utf16le' | 'utf16be';

type Decoding =
  | { readonly status: 'ok'; readonly encoding: Encoding; readonly text: string }
  | { readonly status: 'failed'; readonly encoding: Encoding; readonly reason: string };

/** Strict: a file that is not wholly what it claims to be is not taken for a command with odd letters in it. */
export function decode(bytes: Buffer): Decoding {
  const encoding = encodingOf(bytes);
  const text = textOf(bytes, encoding);
  if (text === undefined) return { status: 'failed', encoding, reason: `is not valid ${NAMES[encoding]}` };
  if (isForbidden(text)) return { status: 'failed', encoding, reason: 'holds control characters' };
  return { status: 'ok', encoding, text };
}

export function encode(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'utf16le');
  return encoding === 'utf16le' ? bytes : bytes.swap16();
}

const NAMES: Record<Encoding, string> = { utf8: 'UTF-8', utf16le: 'UTF-16', utf16be: 'UTF-16' };

function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf16be';
  return 'utf8';
}

/** The text without its byte order mark. */
function textOf(bytes: Buffer, encoding: Encoding): string | undefined {
  if (encoding === 'utf8') {
    if (!isUtf8(bytes)) return undefined;
    const text = bytes.toString('utf8');
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }
  if (bytes.length % 2 !== 0) return undefined;
  const units = encoding === 'utf16le' ? bytes : Buffer.from(bytes).swap16();
  const text = units.toString('utf16le', 2);
  return /\p{Cs}/u.test(text) ? undefined : text;
}

export type Content =
  | {
      readonly status: 'ok';
      readonly encoding: Encoding;
      readonly items: readonly Item[];
      /** No command looks half written. */
      readonly isComplete: boolean;
    }
  /** The content breaks a rule of trust; nothing of it is shown. */
  | { readonly status: 'refused'; readonly rule: string };

/** The content of a file, if it may be trusted. */
export function parseContent(bytes: Buffer): Content {
  const decoding = decode(bytes);
  if (decoding.status === 'failed') return { status: 'refused', rule: decoding.reason };
  const { items, excess } = parse(decoding.text);
  if (excess !== undefined) return { status: 'refused', rule: `holds ${excess}` };
  const isComplete = items.every((item) => item.type === 'stamp' || item.isComplete);
  return { status: 'ok', encoding: decoding.encoding, items, isComplete };
}
