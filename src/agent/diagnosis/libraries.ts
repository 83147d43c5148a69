import Module from 'node:module';
import path from 'node:path';
import { closeFile, openRegularFile, readFile } from '../../base/file/regular-file';
import type { Sights } from '../../base/file/path-walk';
import { printable } from '../../base/text';
import { openFound, writersOf } from '../../config/sources/config-file';

/** Libraries that the agent instruments or writes ids for, and the first version that it does so with: see docs/libraries.md. */
const LIBRARIES = new Map<string, readonly number[]>([
  ['@hapi/hapi', []],
  ['bunyan', [1]],
  ['express', [4]],
  ['fastify', [3]],
  ['graphql', [17]],
  ['hono', [4]],
  ['ioredis', [4]],
  ['koa', []],
  ['mongoose', [9, 7]],
  ['mysql2', [3, 20]],
  ['pg', [8, 0, 3]],
  ['pino', [6]],
  ['polka', []],
  ['redis', [5, 12]],
  ['undici', [5]],
  ['winston', [3]],
]);

const MAX_VERSION_LENGTH = 40;
/** The folder of the package that a file belongs to, and its name. */
const PACKAGE = /^(?<folder>.*[\\/]node_modules[\\/](?<name>(?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/s;

/** @returns such as `express 5.1.0`, of the first copy of each that is loaded as CommonJS, outside of bundles */
export function loadedLibraries(): readonly string[] {
  const folders = new Map<string, string>();
  try {
    const { _cache: cache } = Module as unknown as { _cache: Readonly<Record<string, unknown>> };
    for (const file of Object.keys(cache)) {
      const { folder, name } = PACKAGE.exec(file)?.groups ?? {};
      const library = name?.replace('\\', '/');
      if (folder !== undefined && library !== undefined && LIBRARIES.has(library) && !folders.has(library))
        folders.set(library, folder);
    }
  } catch {
    // Not the module that we know.
  }
  return [...folders].flatMap(([name, folder]) => {
    const { version } = versionIn(folder);
    return version === undefined ? [] : [`${name} ${version}`];
  });
}

interface Installed {
  /** As above. */
  readonly libraries: readonly string[];
  /** What was not read, and why: a sentence for each folder. */
  readonly refusals: readonly string[];
}

/**
 * The same of what is installed for an application in this folder, loaded or not. Any user may have a `node_modules` in
 * one of the folders above it: only what root and this user have put there counts.
 */
export function installedLibraries(cwd: string): Installed {
  const above = [cwd];
  while (path.dirname(above[0] ?? '') !== above[0]) above.unshift(path.dirname(above[0] ?? ''));
  // Nearer copies are later, and take the place of those further up.
  const libraries = new Map<string, string>();
  const refusals = new Map<string, string>();
  const seen: Sights = new Map();
  for (const folder of above) {
    for (const name of LIBRARIES.keys()) {
      const { version, refusal } = versionIn(path.join(folder, 'node_modules', name), seen);
      if (version !== undefined) libraries.set(name, `${name} ${version}`);
      if (refusal !== undefined && !refusals.has(folder)) refusals.set(folder, refusal);
    }
  }
  return { libraries: [...libraries.values()].sort(), refusals: [...refusals.values()] };
}

interface Version {
  readonly version?: string;
  readonly refusal?: string;
}

/** @param seen given where the file is not of a library that runs here already, and has to obey the rules */
function versionIn(folder: string, seen?: Sights): Version {
  const file = path.join(folder, 'package.json');
  const found = seen
    ? openFound(file, writersOf(undefined), seen)
    : { opened: openRegularFile(file), refusal: undefined };
  if (!found?.opened) return {};
  const { opened, refusal } = found;
  if (refusal?.kind === 'foreign') {
    closeFile(opened);
    return { refusal: `${file} does not count: it ${refusal.rule}` };
  }
  const read = readFile(opened);
  if (read.status === 'failed') return { refusal: `${file} does not count: ${read.reason}` };
  try {
    const { version } = JSON.parse(read.text) as { version?: unknown };
    return typeof version === 'string' ? { version: printable(version).slice(0, MAX_VERSION_LENGTH) } : {};
  } catch {
    return {};
  }
}

/** @param libraries such as `pg 7.18.2` @returns what is wrong with those whose version is out of range */
export function outOfRange(libraries: readonly string[]): string[] {
  return libraries.flatMap((library) => {
    const [name = '', version = ''] = library.split(' ');
    const first = LIBRARIES.get(name) ?? [];
    const parts = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version)?.slice(1).map(Number);
    if (!parts || !isBefore(parts, first)) return [];
    return [`${library} is not traced: version out of range, ${first.join('.')} and later are`];
  });
}

function isBefore(version: readonly number[], first: readonly number[]): boolean {
  const at = first.findIndex((part, index) => part !== version[index]);
  return at !== -1 && (version[at] ?? 0) < (first[at] ?? 0);
}
