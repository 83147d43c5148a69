/** One instance in the status file: its status, and what tells whether it still lives. */
export interface StatusEntry {
  readonly pid?: unknown;
  readonly host?: unknown;
  /** ISO 8601, of the last write. */
  readonly updatedAt?: unknown;
  /** Whose the entry is. */
  readonly token?: unknown;
  readonly processStart?: unknown;
  readonly pidSpace?: unknown;
  readonly [name: string]: unknown;
}

export type StatusEntries = ReadonlyMap<string, StatusEntry>;

/** Whatever lies there: what is no entry is not there, and a file that is none at all has none. It heals with the next write. */
export function parseEntries(text: string): StatusEntries {
  const entries = new Map<string, StatusEntry>();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return entries;
  }
  if (!isObject(document) || !isObject(document.instances)) return entries;
  for (const [name, entry] of Object.entries(document.instances)) if (isObject(entry)) entries.set(name, entry);
  return entries;
}

export function formatEntries(entries: StatusEntries): string {
  // In an order that does not depend on who wrote last.
  const instances = Object.fromEntries(namesOf(entries).map((name) => [name, entries.get(name)]));
  return `${JSON.stringify({ version: 1, instances }, null, 2)}\n`;
}

/** Sorted, by code units: the same order for everybody, wherever he runs. */
export function namesOf(entries: StatusEntries): string[] {
  return [...entries.keys()].sort();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
