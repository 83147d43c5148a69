import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { watch as watchByChokidar } from 'chokidar';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { FileWatch } from '../../src/control/file/file-watch';
import { until } from '../support/until';

const FOLDERS = 20;
const FILES = 10;

let folder: string;
let file: string;
let watch: FileWatch;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-planted-'));
  file = path.join(folder, 'app.command');
  watch = new FileWatch({
    path: file,
    trust: { uid: process.geteuid?.(), owners: [] },
    clock: systemClock,
    log: new Log(systemClock),
    look: () => Promise.resolve(false),
  });
});

afterEach(async () => {
  await watch.stop();
  rmSync(folder, { recursive: true });
});

/** A directory with others in it, and these with files. */
function makeTree(root: string): string {
  for (let at = 0; at < FOLDERS; at++) {
    const below = path.join(root, String(at));
    mkdirSync(below, { recursive: true });
    for (let n = 0; n < FILES; n++) writeFileSync(path.join(below, String(n)), '');
  }
  return root;
}

/** How many of the files and directories of a tree, itself included, this process has the kernel watch. */
function watchedIn(tree: string): number {
  const inodes = new Set(
    readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .concat('.')
      .map((name) => inodeOf(path.join(tree, name))),
  );
  const watched = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    const text = textOf(`/proc/self/fdinfo/${fd}`);
    return [...text.matchAll(/^inotify wd:\S+ ino:(\S+)/gm)].map(([, inode = '']) => parseInt(inode, 16));
  });
  return new Set(watched.filter((inode) => inodes.has(inode))).size;
}

function inodeOf(place: string): number {
  return statSync(place).ino;
}

/** A descriptor may be gone by now. */
function textOf(place: string): string {
  try {
    return readFileSync(place, 'utf8');
  } catch {
    return '';
  }
}

/** Resolves when chokidar has read a tree, which takes it longer than one of the same size that it was given before. */
async function chokidarToReadAnother(): Promise<number> {
  const tree = makeTree(path.join(folder, 'another'));
  const watcher = watchByChokidar(tree, { persistent: false });
  await once(watcher, 'ready');
  const count = watchedIn(tree);
  await watcher.close();
  return count;
}

// Only there is the file watched by chokidar, and only there can it be seen what is watched.
const itOnLinux = process.platform === 'linux' ? it : it.skip;
if (process.platform !== 'linux') console.log('what a planted directory costs is not tested: it takes Linux');

describe('a directory that another user has put in the place of the command file', () => {
  itOnLinux.each([
    ['itself', () => makeTree(file)],
    [
      'as a link to one',
      () => {
        const tree = makeTree(path.join(folder, 'tree'));
        symlinkSync(tree, file);
        return tree;
      },
    ],
  ])('is not watched by what is below it when it lies there %s', async (_how, plant) => {
    const tree = plant();
    watch.start();
    await until(() => watch.watching === 'events+poll');
    expect(await chokidarToReadAnother()).toBeGreaterThan(FOLDERS * FILES);
    expect(watchedIn(tree)).toBe(0);
  });

  itOnLinux('leaves the file watched that takes its place', async () => {
    makeTree(file);
    watch.start();
    await until(() => watch.watching === 'events+poll');
    rmSync(file, { recursive: true });
    writeFileSync(file, '');
    await until(() => watchedFile(file));
  });
});

function watchedFile(place: string): boolean {
  const inode = inodeOf(place).toString(16);
  return readdirSync('/proc/self/fdinfo').some((fd) => textOf(`/proc/self/fdinfo/${fd}`).includes(` ino:${inode} `));
}
