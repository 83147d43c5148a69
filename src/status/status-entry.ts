/** One instance in the status file: its status, and the fields that show whether it still lives. */
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

/** Sixty-four of them fill the file; without trouble an entry has some thousand bytes. */
const LARGEST_ENTRY_BYTES = 64 * 1024;
/** Ours are half as deep. For a deeper one, JSON's indentation would make more than the file may hold. */
const DEEPEST = 16;

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
  for (const [name, entry] of Object.entries(document.instances))
    if (isObject(entry) && !isDeeper(entry, DEEPEST)) entries.set(name, entry);
  return entries;
}

export function formatEntries(entries: StatusEntries): string {
  // In an order that does not depend on the last writer.
  const instances = Object.fromEntries(namesOf(entries).map((name) => [name, entries.get(name)]));
  return `${JSON.stringify({ version: 1, instances }, null, 2)}\n`;
}

/** As much of it as an entry may hold: the largest parts are left out, and named in `leftOut`. */
export function fitEntry(entry: StatusEntry): StatusEntry {
  const sizeOf = (value: StatusEntry): number => Buffer.byteLength(formatEntries(new Map([['', value]])));
  if (sizeOf(entry) <= LARGEST_ENTRY_BYTES) return entry;
  const parts = Object.entries(entry).map(([name, value]) => ({ name, value, size: sizeOf({ [name]: value }) }));
  parts.sort((a, b) => a.size - b.size);
  const leftOut: string[] = [];
  for (
    let fitted = entry;
    ;
    fitted = { ...Object.fromEntries(parts.map(({ name, value }) => [name, value])), leftOut }
  ) {
    const largest = sizeOf(fitted) > LARGEST_ENTRY_BYTES ? parts.pop() : undefined;
    if (!largest) return fitted;
    leftOut.push(largest.name);
  }
}

/** Sorted by code units: the same order in every process, whatever its locale. */
export function namesOf(entries: StatusEntries): string[] {
  return [...entries.keys()].sort();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((part) => isDeeper(part, most - 1));
}
