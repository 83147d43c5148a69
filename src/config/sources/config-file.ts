import path from 'node:path';
import type { Fault } from '../../api/errors';
import { errorMessage } from '../../base/text';
import { faultOf, type ProvidedValue, type LayerContent } from './settings';
import { readKeys } from './keys';
import type { BigIntStats } from 'node:fs';
import { closeFile, openRegularFile, readFile, type FailedFile, type OpenedFile } from '../../base/file/regular-file';
import {
  isEndOf,
  isReplaceableByOthers,
  isWritableByOthers,
  wayToNow,
  type Sights,
  type Step,
} from '../../base/file/path-walk';

const CONFIG_FILE = 'skyanchor.config.json';

export interface FileContent extends LayerContent {
  /** Where the relative paths in it begin. */
  readonly folder: string;
}

/** The file that was named: it has to be there. Who named it answers for it. */
export function readNamedFile(named: ProvidedValue, cwd: string): FileContent {
  const file = path.resolve(cwd, String(named.value));
  const unreadable = (reason: string): Fault => faultOf(named, `a readable file of JSON: ${reason}`);
  const opened = openRegularFile(file);
  if (opened) return contentOf(file, opened, unreadable);
  return { given: [], faults: [unreadable('there is none')], folder: cwd };
}

/** What was found where no file is named. */
export interface FoundFile {
  /** Undefined: there is none that counts. */
  readonly content: FileContent | undefined;
  /** What does not count, and why: a sentence each. */
  readonly refusals: readonly string[];
  /** There is a file of ours, and what it says cannot be trusted. */
  readonly isOpen: boolean;
}

/**
 * The first of the folders that has a `skyanchor.config.json`. A file that another user may have put there is as good as
 * none. One of ours that others may write says which service this is and where its token goes: without it we would be
 * another service, with it perhaps a stranger's.
 */
export function readFileBeside(folders: readonly string[], mainScript: string | undefined): FoundFile {
  const refusals: string[] = [];
  const writers = writersOf(mainScript);
  for (const folder of folders) {
    const file = path.join(folder, CONFIG_FILE);
    const found = openFound(file, writers);
    if (!found) continue;
    const { opened, refusal } = found;
    if (refusal?.kind === 'foreign') {
      closeFile(opened);
      refusals.push(`${file} is ignored: it ${refusal.rule}; a file that is to count is named by SW_AGENT_CONFIG_FILE`);
      continue;
    }
    if (refusal) {
      closeFile(opened);
      refusals.push(`the application runs untraced: ${file} ${refusal.rule}`);
      return { content: undefined, refusals, isOpen: true };
    }
    const unreadable = (reason: string): Fault => ({
      name: CONFIG_FILE,
      value: folder,
      source: `file ${CONFIG_FILE}`,
      expected: `a readable file of JSON: ${reason}`,
    });
    const { given, ...content } = contentOf(file, opened, unreadable);
    const counting = given.filter(({ row }) => !row.widensTrust);
    for (const { row } of given)
      if (row.widensTrust) refusals.push(`${row.name} in ${file} does not count: the file was found, not named`);
    return { content: { ...content, given: counting }, refusals, isOpen: false };
  }
  return { content: undefined, refusals, isOpen: false };
}

function contentOf(file: string, opened: OpenedFile, unreadable: (reason: string) => Fault): FileContent {
  const folder = path.dirname(file);
  const text = readFile(opened);
  const parsed = text.status === 'ok' ? parse(text.text) : text;
  if (parsed.status === 'failed') return { given: [], faults: [unreadable(parsed.reason)], folder };
  return { ...readKeys(parsed.value, 'file', `file ${path.basename(file)}`), folder };
}

function parse(text: string): { readonly status: 'ok'; readonly value: unknown } | FailedFile {
  try {
    return { status: 'ok', value: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch (error) {
    // Only the place: the parser's own words quote the text, which may hold the token.
    const position = /position \d+/.exec(errorMessage(error))?.[0];
    return { status: 'failed', reason: position === undefined ? 'it is not JSON' : `it is not JSON at ${position}` };
  }
}

/** Why a file that was found, and not named, is not obeyed. */
interface Refusal {
  /** `foreign`: another user may have put it there. `open`: it is ours, and others may write it. */
  readonly kind: 'foreign' | 'open';
  readonly rule: string;
}

/** Who may decide what the main script does, by its file and by the directories and links on the way to it. */
interface Writers {
  /** And root and this user. */
  readonly owners: ReadonlySet<bigint>;
  /** Groups that may write. */
  readonly groups: ReadonlySet<bigint>;
  /** All users may write. */
  readonly all: boolean;
}

/** @returns undefined: Windows has no owners and modes */
export function writersOf(mainScript: string | undefined): Writers | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  // For `node server`, which means `server.js`, the directories count.
  const way = mainScript === undefined ? [] : wayToNow(mainScript);
  const writable = way
    .filter(({ stats, target }) => target === undefined && isWritable(stats))
    .map(({ stats }) => stats);
  return {
    owners: new Set([0n, BigInt(uid), ...way.map(({ stats }) => stats.uid)]),
    groups: new Set(writable.filter(({ mode }) => (mode & 0o020n) !== 0n).map(({ gid }) => gid)),
    all: writable.some(({ mode }) => (mode & 0o002n) !== 0n),
  };
}

/**
 * Opens a file that was found, and not named. One that another user may have put there is not even opened: that user
 * could let its name lead to a device, some of which start by that alone.
 *
 * @returns undefined: there is none
 */
export function openFound(
  file: string,
  writers: Writers | undefined,
  seen: Sights = new Map(),
): { readonly opened: OpenedFile; readonly refusal: Refusal | undefined } | undefined {
  const opened = openRegularFile(file, () => refusalOf(file, undefined, writers, seen)?.kind !== 'foreign');
  // Also whether what is open is what was looked at.
  return opened && { opened, refusal: refusalOf(file, opened.stats, writers, seen) };
}

/**
 * The rule that a file breaks which was found, and not named: a configuration, which says who gets the token and which
 * file commands come from; a package.json; what is loaded because of that. So the rules of the command file hold: its
 * owner, and the owner of each directory and link on the way, is root or this user, and no other may write.
 *
 * The main script is the measure: a user or group that may write the running script controls the process already, and
 * may write this file too. So a checkout with a umask of 002, and files of uid 1000 in a container that runs as root, are
 * heard.
 *
 * @param file absolute
 * @param opened what the descriptor is that is read; undefined: it cannot be opened
 * @param seen what was seen of files that were asked about just before
 * @returns undefined: it breaks none
 */
export function refusalOf(
  file: string,
  opened: BigIntStats | undefined,
  writers: Writers | undefined,
  seen?: Sights,
): Refusal | undefined {
  if (!writers) return undefined;
  const { owners } = writers;
  const way = wayToNow(file, (owner) => owners.has(owner), seen);
  const foreign = way.find(({ stats }) => !owners.has(stats.uid));
  if (foreign) {
    const what = foreign.path === file ? 'belongs' : `is reached by ${foreign.path}, which belongs`;
    return { kind: 'foreign', rule: `${what} to user ${foreign.stats.uid}, expected root or this user` };
  }
  // After its owners: a link of another user that leads nowhere is that user's.
  if (opened && !isEndOf(way, opened)) return { kind: 'foreign', rule: 'has just been replaced' };
  const linked = way.find(
    ({ path: at, stats }) =>
      !stats.isDirectory() &&
      stats.nlink > 1n &&
      way.some((directory) => directory.path === path.dirname(at) && isForOthers(directory.stats, writers)),
  );
  if (linked) return { kind: 'foreign', rule: `has ${linked.stats.nlink} hard links where others may make them` };
  const open = way.find((step) => isOpen(step, writers));
  if (!open) return undefined;
  const where = open.path === file ? 'may be written' : `is reached by ${open.path}, which may be written`;
  return { kind: 'open', rule: `${where} by its group or by others; mend it with: chmod go-w ${open.path}` };
}

function isOpen({ stats, target }: Step, writers: Writers): boolean {
  return target === undefined && isWritable(stats) && isForOthers(stats, writers);
}

/** Whether a user may write, or add a file, who may not do so with the main script. */
function isForOthers({ mode, gid }: BigIntStats, { groups, all }: Writers): boolean {
  return !all && isWritableByOthers(mode) && ((mode & 0o002n) !== 0n || !groups.has(gid));
}

/** In a sticky directory others may add a file, but replace none. */
function isWritable(stats: BigIntStats): boolean {
  return stats.isDirectory() ? isReplaceableByOthers(stats.mode) : isWritableByOthers(stats.mode);
}
