import { link, lstat, mkdir, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { v4 as uuid } from 'uuid';
import type { Commit, Store } from './store';

/** Names the folder that holds the commits of now; replaced when the storage is cleared. */
const POINTER = 'generation';
/** Nothing else is written to or deleted, even if another user has written into the directory. */
const FOLDER = /^rows-[\da-f-]{36}$/;
const VERSION_DIGITS = 12;

/**
 * Storage in a directory, for any number of processes at once: each commit is a file whose name is its version. The
 * compare-and-set is `link`, which fails where the name is taken; a rename would replace the commit of a rival. A file
 * has its name only once it is complete and on the disk, so no reader ever sees half of one, and after a crash there is
 * either the whole commit or none.
 *
 *     DIR/generation                 rows-5f1c…
 *     DIR/rows-5f1c…/000000000001    [{"kind":"service","id":2,…}]
 */
export class DirectoryStore implements Store {
  private folder: string | undefined;

  private readonly directory: string;

  /** @param directory made if it is missing; relative to the working directory of now */
  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const name = (await this.pointer()) ?? (await this.begin());
    const folder = join(this.directory, name);
    if (await isLink(folder)) throw new Error(`${folder} is a link`);
    this.folder = folder;
  }

  async read(version: number): Promise<readonly Commit[]> {
    const commits: Commit[] = [];
    for (;;) {
      const text = await readIfThere(this.file(version + commits.length + 1));
      if (text === undefined) return commits;
      commits.push(JSON.parse(text) as Commit);
    }
  }

  async commit(version: number, commit: Commit): Promise<boolean> {
    try {
      return await publish(this.file(version + 1), JSON.stringify(commit));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
      throw new Error(`${this.directory} was cleared by another process: restart the backend`, { cause: error });
    }
  }

  async clear(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const before = await this.pointer();
    const name = await this.makeFolder();
    const draft = await writeDraft(join(this.directory, POINTER), name);
    await rename(draft, join(this.directory, POINTER));
    await syncFolder(this.directory);
    if (before !== undefined) await rm(join(this.directory, before), { recursive: true, force: true });
  }

  private file(version: number): string {
    if (this.folder === undefined) throw new Error('the storage was not opened');
    return join(this.folder, String(version).padStart(VERSION_DIGITS, '0'));
  }

  private async pointer(): Promise<string | undefined> {
    const file = join(this.directory, POINTER);
    const name = await readIfThere(file);
    if (name !== undefined && !FOLDER.test(name)) throw new Error(`${file} names no folder of a storage`);
    return name;
  }

  /** The first generation of a new directory; of two processes that come at once, one begins and both use its folder. */
  private async begin(): Promise<string> {
    const name = await this.makeFolder();
    if (await publish(join(this.directory, POINTER), name)) return name;
    await rm(join(this.directory, name), { recursive: true, force: true });
    const winner = await this.pointer();
    if (winner === undefined) throw new Error(`${join(this.directory, POINTER)} was there and is gone`);
    return winner;
  }

  private async makeFolder(): Promise<string> {
    const name = `rows-${uuid()}`;
    await mkdir(join(this.directory, name));
    await syncFolder(this.directory);
    return name;
  }
}

/** Gives a complete, durable file its name. `false`: the name is taken. */
async function publish(file: string, text: string): Promise<boolean> {
  const draft = await writeDraft(file, text);
  try {
    await link(draft, file);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(join(file, '..'));
  return true;
}

async function writeDraft(file: string, text: string): Promise<string> {
  const draft = `${file}.${uuid()}`;
  const handle = await open(draft, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

/** Makes names durable, not only contents. Windows does not open folders, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `false` where there is nothing: it was just cleared. */
async function isLink(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isSymbolicLink();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Not by `instanceof Error`: under jest the errors of `fs` are of another realm. */
function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
