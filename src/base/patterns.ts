import { isIP } from 'node:net';

/** In characters. A longer pattern matches only itself: refuse it where it is given. */
export const MAX_GLOB_LENGTH = 256;
/** No more of a text is looked at: what a caller's path costs is bounded. One that is longer has to match by then. */
const MAX_READ = 2_048;

const WILDCARD = /[*?[]/;

type Range = readonly [from: number, to: number];

/** The characters that one place of the pattern takes. */
type Place = readonly Range[];

/** In the sets: the numbers of places that have such a wildcard before them; the number of places itself: one stands at the end. */
interface Pattern {
  readonly places: readonly Place[];
  /** Any run of characters. */
  readonly stars: ReadonlySet<number>;
  /** Any run without a slash. */
  readonly names: ReadonlySet<number>;
  /** Any number of folders, each with its slash. */
  readonly folders: ReadonlySet<number>;
}

/**
 * A matcher of whole texts: `*` and `**` are any run of characters (a slash too), `?` any one, `[a-z]` one of these,
 * `[!a-z]` one of all others; a `[` that nothing closes is itself.
 *
 * It follows all ways through the pattern at once, a bit each, so that every character of the text costs one step for
 * each 32 places of the pattern, nine at most, whatever the two are. What a `*` at the end takes is not looked at.
 */
export function glob(pattern: string): (text: string) => boolean {
  const characters = Array.from(pattern);
  const isLiteral = !WILDCARD.test(pattern) || characters.length > MAX_GLOB_LENGTH;
  return isLiteral ? (text) => text === pattern : matcherOf(parse(characters));
}

/**
 * A matcher of whole texts as Ant has it: `*` and `?` stop at a slash, `**` does not, and between two slashes it may be
 * nothing, and one of them goes. A text of more than 2,048 characters matches nothing. Costs what `glob` costs.
 */
export function antGlob(pattern: string): (text: string) => boolean {
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const matches = matcherOf(parseAnt(pattern));
  return (text) => text.length <= MAX_READ && matches(text);
}

function matcherOf({ places, stars, names, folders }: Pattern): (text: string) => boolean {
  const end = places.length;
  const words = (end >> 5) + 1;
  const inFolder = bitsOf(folders, words);
  const staysAtSlash = bitsOf(stars, words);
  const stays = bitsOf([...stars, ...names], words);
  const { rows, rowOf } = tableOf(places, words);
  const isOpen = stars.has(end);
  // Bit n: the places before n have taken the text so far. Matching is synchronous, so one serves all texts.
  const state = new Int32Array(words);
  // The same within the name of a folder.
  const inside = new Int32Array(words);

  return (text) => {
    if (text.length < end) return false;
    state.fill(0);
    inside.fill(0);
    state[0] = 1;
    const most = Math.min(text.length, MAX_READ);
    for (let at = 0; at < most; at++) {
      let point = text.charCodeAt(at);
      if (point >= 0xd800) {
        point = text.codePointAt(at) as number;
        if (point > 0xffff) at++;
      }
      const row = rowOf(point);
      const isSlash = point === SLASH;
      const staying = isSlash ? staysAtSlash : stays;
      let carried = 0;
      let isAlive = 0;
      for (let word = 0; word < words; word++) {
        const bits = state[word] as number;
        const taken = bits & (rows[row + word] as number);
        const named = (bits | (inside[word] as number)) & (inFolder[word] as number);
        const next = (taken << 1) | carried | (bits & (staying[word] as number)) | (isSlash ? named : 0);
        carried = taken >>> 31;
        state[word] = next;
        inside[word] = isSlash ? 0 : named;
        isAlive |= next | (inside[word] as number);
      }
      if (isAlive === 0) return false;
      if (isOpen && hasBit(state, end)) return true;
    }
    return most === text.length && hasBit(state, end);
  };
}

interface Table {
  /** Rows of bits, one for each run of characters that all places treat alike. Bit n: place n takes them. */
  readonly rows: Int32Array;
  /** Where the row of a character begins. */
  readonly rowOf: (point: number) => number;
}

const ASCII = 128;

function tableOf(places: readonly Place[], words: number): Table {
  const bounds = new Set([0]);
  for (const [from, to] of places.flat()) bounds.add(from).add(to + 1);
  const starts = [...bounds].sort((a, b) => a - b);
  const rows = new Int32Array(starts.length * words);
  for (const [n, ranges] of places.entries()) {
    for (const [from, to] of ranges) {
      for (let row = lastNotAbove(starts, from); row < starts.length && (starts[row] as number) <= to; row++)
        setBit(rows, row * words * 32 + n);
    }
  }
  const search = (point: number): number => lastNotAbove(starts, point) * words;
  const ascii = Int32Array.from({ length: ASCII }, (_, point) => search(point));
  return { rows, rowOf: (point) => (point < ASCII ? (ascii[point] as number) : search(point)) };
}

/** @param sorted begins with 0 */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function hasBit(bits: Int32Array, n: number): boolean {
  return ((bits[n >> 5] as number) & (1 << (n & 31))) !== 0;
}

function bitsOf(numbers: Iterable<number>, words: number): Int32Array {
  const bits = new Int32Array(words);
  for (const n of numbers) setBit(bits, n);
  return bits;
}

function setBit(bits: Int32Array, n: number): void {
  bits[n >> 5] = (bits[n >> 5] as number) | (1 << (n & 31));
}

function parse(characters: readonly string[]): Pattern {
  const places: Place[] = [];
  const stars = new Set<number>();
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    // As in every shell, a closing bracket that comes first in a set belongs to it.
    const close = character === '[' ? characters.indexOf(']', at + (isNegation(characters[at + 1]) ? 3 : 2)) : -1;
    if (close !== -1) {
      places.push(set(characters.slice(at + 1, close)));
      at = close;
    } else if (character === '*') {
      stars.add(places.length);
    } else {
      places.push(character === '?' ? ANY : [only(pointOf(character))]);
    }
  }
  return { places, stars, names: NONE, folders: NONE };
}

function parseAnt(pattern: string): Pattern {
  const places: Place[] = [];
  const [stars, names, folders] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (const part of pattern.match(/\/\*\*(?=\/)\/|\*\*|[^]/gu) ?? []) {
    if (part === '**') stars.add(places.length);
    else if (part === '*') names.add(places.length);
    else places.push(part === '?' ? NO_SLASH : [only(pointOf(part))]);
    // Between two slashes: the first of them is the place.
    if (part.length === 4) folders.add(places.length);
  }
  return { places, stars, names, folders };
}

const LAST = 0x10ffff;
const ANY: Place = [[0, LAST]];
const SLASH = 0x2f;
const NO_SLASH: Place = [
  [0, SLASH - 1],
  [SLASH + 1, LAST],
];
const NONE: ReadonlySet<number> = new Set();
const HYPHEN = 0x2d;

function pointOf(character: string): number {
  return character.codePointAt(0) as number;
}

function only(point: number): Range {
  return [point, point];
}

function isNegation(character: string | undefined): boolean {
  return character === '!' || character === '^';
}

function set(characters: readonly string[]): Place {
  const isNegated = isNegation(characters[0]);
  const points = characters.slice(isNegated ? 1 : 0).map(pointOf);
  const ranges: Range[] = [];
  for (let at = 0; at < points.length; at++) {
    const from = points[at] as number;
    const to = points[at + 2];
    if (to !== undefined && points[at + 1] === HYPHEN) {
      // One that goes backwards takes nothing.
      if (from <= to) ranges.push([from, to]);
      at += 2;
    } else {
      ranges.push(only(from));
    }
  }
  return isNegated ? othersThan(ranges) : ranges;
}

function othersThan(ranges: readonly Range[]): Place {
  const others: Range[] = [];
  let next = 0;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from > next) others.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= LAST) others.push([next, LAST]);
  return others;
}

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
    statuses: statusTableOf(ranges.filter((range) => range.path === path)),
  }));
  const plain = ranges.filter(({ path }) => path === undefined);
  const others = statusTableOf(plain.length > 0 ? plain : USUAL);
  return (status, path) => (byPath.find(({ matches }) => matches(path))?.statuses ?? others)[status] === 1;
}

function isGlob(path: string): boolean {
  return path !== '' && path.length <= MAX_GLOB_LENGTH;
}

function statusTableOf(ranges: readonly StatusRange[]): Uint8Array {
  const table = new Uint8Array(HIGHEST + 1);
  for (const { from, to } of ranges) if (from <= to) table.fill(1, from, to + 1);
  return table;
}

/** A block of addresses. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Whose carriers count: those of all callers, of none, or of those at one of these addresses. */
export type TrustIncoming = 'all' | 'none' | readonly Cidr[];

const ADDRESS = /^([\d.]+|[\da-f:.]+:[\da-f:.]*)(?:\/(\d{1,3}))?$/i;

/** `10.0.0.0/8`, `fd00::/8`, or one address. @returns undefined: it is none */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', prefix] = ADDRESS.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  return bits > most ? undefined : { address, prefix: bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}
