import { realpathSync } from 'node:fs';
import path from 'node:path';
import { openFile, readFile } from './opened-file';
import { OPTION_TABLE } from '../option-table';

/** What is installed where the program runs from. */
export interface Application {
  /** In its package.json; undefined where none has one. */
  readonly name: string | undefined;
  /** Where package.json files were found, the nearest first, up to the one that names the application. */
  readonly folders: readonly string[];
}

/** Looks above the main script and, where no package.json there has a name, above the working directory. */
export function findApplication(mainScript: string | undefined, cwd: string): Application {
  const above = mainScript === undefined ? undefined : packagesAbove(path.dirname(realPath(mainScript)));
  if (above?.name !== undefined) return above;
  const { name, folders } = packagesAbove(cwd);
  return { name, folders: [...new Set([...(above?.folders ?? []), ...folders])] };
}

/** A command in `node_modules/.bin` is a link into its own package. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** A package.json without a name, as `{"type": "module"}` beside built files, is passed on the way up. */
function packagesAbove(start: string): Application {
  const folders: string[] = [];
  for (let folder = start; ; folder = path.dirname(folder)) {
    const content = readPackage(path.join(folder, 'package.json'));
    if (content !== undefined) folders.push(folder);
    const name = nameIn(content);
    if (name !== undefined) return { name, folders };
    if (folder === path.dirname(folder)) return { name: undefined, folders };
  }
}

function readPackage(file: string): string | undefined {
  const opened = openFile(file);
  const read = opened && readFile(opened);
  return read?.status === 'ok' ? read.text : undefined;
}

function nameIn(content: string | undefined): string | undefined {
  if (content === undefined) return undefined;
  try {
    const { name } = JSON.parse(content.replace(/^\uFEFF/, '')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
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
