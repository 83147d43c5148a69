import { realpathSync } from 'node:fs';
import path from 'node:path';
import { openFound, refusalOf, writersOf } from './config-file';
import { closeFile, readFile } from '../../base/file/regular-file';
import { OPTION_TABLE } from '../option-table';
import type { Sights } from '../../base/file/path-walk';

/** What is installed where the program runs from. */
export interface Application {
  /** In its package.json; undefined where none has one. */
  readonly name: string | undefined;
  /** Where package.json files were found, the nearest first, up to the one that names the application. */
  readonly folders: readonly string[];
  /** Those of them in which no other user can decide what package.json says: what it names may be loaded. */
  readonly packageFolders: readonly string[];
  /** Packages that these name as needed to run. */
  readonly dependencies: readonly string[];
  /** The main script, by its real path. */
  readonly script: string | undefined;
}

/** Looks above the main script and, where no package.json there has a name, above the working directory. */
export function findApplication(mainScript: string | undefined, cwd: string): Application {
  const script = mainScript === undefined ? undefined : realPath(mainScript);
  const above = script === undefined ? undefined : packagesAbove(path.dirname(script), script);
  if (above?.name !== undefined) return above;
  const { name, folders, packageFolders, dependencies } = packagesAbove(cwd, script);
  return {
    name,
    folders: unique(above?.folders, folders),
    packageFolders: unique(above?.packageFolders, packageFolders),
    dependencies: unique(above?.dependencies, dependencies),
    script,
  };
}

/** A command in `node_modules/.bin` is a link into its own package. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function unique(nearer: readonly string[] = [], farther: readonly string[]): readonly string[] {
  return [...new Set([...nearer, ...farther])];
}

/**
 * A package.json without a name, as `{"type": "module"}` beside built files, is passed on the way up; and so is one of a
 * stranger, which in /tmp or in the working directory could give the process the name of another service, or have it
 * load what a stranger has put there.
 */
function packagesAbove(start: string, script: string | undefined): Application {
  const folders: string[] = [];
  const packageFolders: string[] = [];
  const dependencies = new Set<string>();
  const writers = writersOf(script);
  for (let folder = start; ; folder = path.dirname(folder)) {
    const found = openFound(path.join(folder, 'package.json'), writers);
    const isForeign = found?.refusal?.kind === 'foreign';
    if (isForeign) closeFile(found.opened);
    const read = found && !isForeign ? readFile(found.opened) : undefined;
    const own = read?.status === 'ok' ? parsePackage(read.text) : undefined;
    if (isForeign || own) folders.push(folder);
    if (own && !found?.refusal) packageFolders.push(folder);
    for (const name in { ...own?.dependencies, ...own?.optionalDependencies }) dependencies.add(name);
    if (own?.name !== undefined || folder === path.dirname(folder))
      return { name: own?.name, folders, packageFolders, dependencies: [...dependencies], script };
  }
}

/**
 * The rule that a file breaks which is to be loaded although the application has not asked for it: no other user may decide
 * what is in it. `undefined`: it breaks none.
 */
type RuleOf = (file: string) => string | undefined;

/** For files that are asked about in one go: none is looked at twice, and nothing that lies on the way to several. */
export function loadRules({ script }: Pick<Application, 'script'>): RuleOf {
  const writers = writersOf(script);
  const seen: Sights = new Map();
  const rules = new Map<string, string | undefined>();
  return (file) => {
    if (!rules.has(file)) rules.set(file, refusalOf(file, undefined, writers, seen)?.rule);
    return rules.get(file);
  };
}

interface Package {
  readonly name?: string | undefined;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
}

function parsePackage(content: string): Package {
  try {
    const found = JSON.parse(content.replace(/^\uFEFF/, '')) as Record<string, unknown>;
    const { name, dependencies, optionalDependencies } = found;
    return {
      name: typeof name === 'string' && name !== '' ? name : undefined,
      ...(typeof dependencies === 'object' && dependencies !== null && { dependencies }),
      ...(typeof optionalDependencies === 'object' && optionalDependencies !== null && { optionalDependencies }),
    };
  } catch {
    return {};
  }
}

/** `node -e`, a REPL and a program from stdin have no script and may run where there is no package either. */
const NAMELESS = 'node';

/** The service's name where none is given. */
export function defaultServiceName(packageName: string | undefined, mainScript: string | undefined): string {
  const candidates = [packageName, mainScript === undefined ? undefined : path.basename(mainScript)];
  const { kind } = OPTION_TABLE.serviceName;
  return candidates.find((name) => name !== undefined && kind.accept(name) !== undefined) ?? NAMELESS;
}
