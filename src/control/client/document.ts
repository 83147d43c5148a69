import { UNPRINTABLE } from '../../base/text';

/** The value at a path in an untrusted document. */
export function field(document: unknown, ...path: readonly string[]): unknown {
  let at = document;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** For a terminal: text and numbers only, without anything that would steer it. */
export function printableField(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.replace(UNPRINTABLE, '?') : '-';
}

/** JSON for a terminal and for programs, which read the same from it: what is not printable is escaped. */
export function printableJson(value: unknown, indent?: number): string {
  const escape = (text: string): string =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
  // Within strings JSON has no line breaks of its own.
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (text) => (text === '\n' ? text : escape(text)));
}
