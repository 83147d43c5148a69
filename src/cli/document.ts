/** What lies at a path in a document that nobody vouches for. */
export function field(document: unknown, ...path: readonly string[]): unknown {
  let at = document;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** For a terminal: text and numbers only, without anything that would steer it. */
export function printable(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cs}]/gu, '?') : '-';
}
