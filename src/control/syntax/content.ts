import { decode, type Encoding } from './encoding';
import type { Item } from './command-line';
import { parse } from './parse';

export type Content =
  | {
      readonly status: 'ok';
      readonly encoding: Encoding;
      readonly items: readonly Item[];
      /** Nobody seems to be still writing. */
      readonly isComplete: boolean;
    }
  /** The content breaks a rule of trust; nothing of it is shown. */
  | { readonly status: 'refused'; readonly rule: string };

/** What the bytes of a file say, if they may be listened to. */
export function parseContent(bytes: Buffer): Content {
  const decoding = decode(bytes);
  if (decoding.status === 'failed') return { status: 'refused', rule: decoding.reason };
  const { items, excess } = parse(decoding.text);
  if (excess !== undefined) return { status: 'refused', rule: `holds ${excess}` };
  const isComplete = items.every((item) => item.type === 'stamp' || item.isComplete);
  return { status: 'ok', encoding: decoding.encoding, items, isComplete };
}
