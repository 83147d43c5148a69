import { glob, MAX_GLOB_LENGTH } from '../glob';

/** Statuses that are errors; `from` above `to`: none is. */
export interface StatusRange {
  /** The glob of the paths that it is for; undefined: all that no other range names. */
  readonly path: string | undefined;
  readonly from: number;
  readonly to: number;
}

const HIGHEST = 999;
const RANGE = /^(\d{3})(?:-(\d{3}))?$/;
const USUAL: readonly StatusRange[] = [{ path: undefined, from: 400, to: 599 }];

/** `404`, `400-599`, `none`; for paths alone: `/users/*=500-599`. */
export function parseStatusRange(text: string): StatusRange | undefined {
  const mark = text.lastIndexOf('=');
  const path = mark === -1 ? undefined : text.slice(0, mark).trim();
  if (path !== undefined && !isGlob(path)) return undefined;
  const given = text.slice(mark + 1).trim();
  if (given.toLowerCase() === 'none') return { path, from: 1, to: 0 };
  const [, from, to = from] = RANGE.exec(given) ?? [];
  const range = { path, from: Number(from), to: Number(to) };
  return range.from >= 100 && range.from <= range.to ? range : undefined;
}

/**
 * Whether a status is an error. The first glob that matches the path decides, with all ranges that it has; for
 * other paths those without a glob, or 400 to 599.
 */
export function errorStatuses(ranges: readonly StatusRange[]): (status: number, path: string) => boolean {
  const globs = [...new Set(ranges.map(({ path }) => path).filter((path) => path !== undefined))];
  const byPath = globs.map((path) => ({
    matches: glob(path),
    statuses: tableOf(ranges.filter((range) => range.path === path)),
  }));
  const plain = ranges.filter(({ path }) => path === undefined);
  const others = tableOf(plain.length > 0 ? plain : USUAL);
  return (status, path) => (byPath.find(({ matches }) => matches(path))?.statuses ?? others)[status] === 1;
}

function isGlob(path: string): boolean {
  return path !== '' && path.length <= MAX_GLOB_LENGTH;
}

function tableOf(ranges: readonly StatusRange[]): Uint8Array {
  const table = new Uint8Array(HIGHEST + 1);
  for (const { from, to } of ranges) if (from <= to) table.fill(1, from, to + 1);
  return table;
}
