import type { Cursor } from './cursor';
import { Fields } from './fields';

/** `KeyStringValuePair`s as key, value, key, value …; alike in both protocols. */
export function decodePairs(messages: readonly Cursor[]): string[] {
  const pairs: string[] = [];
  for (const message of messages) {
    const pair = new Fields(message);
    pairs.push(pair.text(1), pair.text(2));
  }
  return pairs;
}
