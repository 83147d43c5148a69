import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port';
import { until as untilSoon } from '../support/until';
import {
  numberCodec,
  openSpool,
  removeDirectory,
  settingsFor,
  temporaryDirectory,
  type OpenSpool,
} from './spool-fixture';
import { SpoolProcess } from './spool-process';

jest.setTimeout(90_000);

const until = <T>(read: () => T | Promise<T>, pleases: (answer: T) => unknown = Boolean): Promise<T> =>
  untilSoon(read, pleases, { timeoutMs: 40_000, everyMs: 20 });

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
const OTHER_USER = 65_534;

let root: string;
let isMounted = false;
const opened: OpenSpool[] = [];
const processes: SpoolProcess[] = [];

/** A file system of its own. */
function mount(options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `${options},mode=0700`, 'tmpfs', root]);
  isMounted = true;
}

function reasonNotTo(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return String(error).split('\n')[0];
  }
}

/** Only root may mount, and be another user. */
const noMount = reasonNotTo(() => {
  root = temporaryDirectory();
  try {
    mount('size=64k');
  } finally {
    cleanUp();
  }
});
/** A Node.js in root's home is out of their reach; `SKYANCHOR_NODE_CACHE` puts that of `test:matrix` elsewhere. */
const noOtherUser =
  noMount ?? reasonNotTo(() => execFileSync(process.execPath, ['--version'], { uid: OTHER_USER, stdio: 'ignore' }));
const noPrlimit = reasonNotTo(() => execFileSync('prlimit', ['--version'], { stdio: 'ignore' }));

function cleanUp(): void {
  if (isMounted) execFileSync('umount', [root]);
  isMounted = false;
  removeDirectory(root);
}

const itWhere = (reason: string | undefined): jest.It => {
  if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`);
  return reason === undefined ? it : it.skip;
};

beforeEach(() => {
  root = temporaryDirectory();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill()));
  await Promise.all(opened.splice(0).map(({ spool }) => spool.stop()));
  cleanUp();
});

function open(options: Partial<Parameters<typeof openSpool>[0]> = {}): OpenSpool {
  const one = openSpool({ settings: settingsFor(root), codec: numberCodec(2_000), ...options });
  opened.push(one);
  return one;
}

const isRecovered = (one: OpenSpool): Promise<unknown> =>
  until(() => one.spool.status().fault === null && one.lines.at(-1)?.includes('takes segments again'));
const warnings = ({ lines }: OpenSpool): string[] => lines.filter((line) => line.includes('takes nothing'));

describe.each(['at-most-once', 'at-least-once'] as const)('a disk without room, with %s', (delivery) => {
  itWhere(noMount)('is warned of once, and all that it holds is delivered though it has no room', async () => {
    mount('size=512k');
    const one = open({ delivery });
    one.append(400);
    expect(await until(() => one.spool.status().fault)).toContain('ENOSPC');
    expect(warnings(one)).toHaveLength(1);
    const { segments, waitingForDisk } = one.spool.status();
    expect(segments).toBeGreaterThan(100);
    expect(waitingForDisk).toBeGreaterThan(100);
    expect(segments + waitingForDisk).toBe(400);
    one.transport.isReady = true;
    one.spool.wake();
    await until(() => one.results.sent === 400);
    expect([...one.transport.numbers].sort((a, b) => a - b)).toEqual(range(400));
    expect(one.results).toEqual({ sent: 400 });
  });

  itWhere(noMount)('is written to again as soon as it has room', async () => {
    mount('size=1m');
    const filler = join(root, 'filler');
    writeFileSync(filler, Buffer.alloc(960 * 1024));
    const one = open({ delivery });
    one.append(100);
    await until(() => one.spool.status().fault);
    rmSync(filler);
    await isRecovered(one);
    await until(() => one.spool.status().segments === 100);
    expect(warnings(one)).toHaveLength(1);
  });
});

itWhere(noMount)('a read-only disk is warned of once, and written to as soon as it may be', async () => {
  mount('size=1m');
  mkdirSync(join(root, 'spool'), { mode: 0o700 });
  execFileSync('mount', ['-o', 'remount,ro', root]);
  const one = open();
  one.append(8);
  expect(await until(() => one.spool.status().fault)).toContain('EROFS');
  one.spool.wake();
  expect(one.spool.status()).toMatchObject({ segments: 0, waitingForDisk: 8 });
  execFileSync('mount', ['-o', 'remount,rw', root]);
  await isRecovered(one);
  await until(() => one.spool.status().segments === 8);
  expect(warnings(one)).toHaveLength(1);
});

itWhere(noMount)('a spool on a disk that has become read-only is not sent again and again', async () => {
  mount('size=1m');
  const one = open({ delivery: 'at-least-once' });
  one.append(8);
  await until(() => one.spool.status().segments === 8);
  // Ends the file, without which the disk cannot become read-only.
  let attempts = 0;
  one.transport.fate = () => {
    attempts++;
    return 'untouched';
  };
  one.transport.isReady = true;
  one.spool.wake();
  // Else that delivery, begun while its position could be recorded, would be the one that is stored.
  await until(() => attempts > 0);
  await until(
    () => reasonNotTo(() => execFileSync('mount', ['-o', 'remount,ro', root], { stdio: 'ignore' })),
    (reason) => !reason,
  );
  one.transport.fate = () => 'stored';
  one.spool.wake();
  expect(await until(() => one.spool.status().fault)).toContain('EROFS');
  expect(one.transport.numbers).toEqual([]);
  execFileSync('mount', ['-o', 'remount,rw', root]);
  await until(() => one.results.sent === 8);
  expect(one.transport.numbers).toEqual(range(8));
});

async function agent(options: { readonly uid?: number } = {}): Promise<SpoolProcess> {
  const backend = `127.0.0.1:${await freePort()}`;
  const spool = { directory: join(root, 'spool'), delivery: 'at-most-once' as const };
  const one = await SpoolProcess.start({ instance: 'orders-1', backend, ...spool, ...options });
  processes.push(one);
  return one;
}

const spoolOf = async (one: SpoolProcess) => (await one.ask())!.status.spool!;

itWhere(noPrlimit)(
  'a process that has too many files open goes on in memory, and on the disk when it may',
  async () => {
    const one = await agent();
    one.make('n', 0, 200);
    const before = await until(
      () => spoolOf(one),
      ({ segments }) => segments >= 128,
    );
    const limit = (soft: number): void =>
      void execFileSync('prlimit', ['--pid', String(one.pid), `--nofile=${soft}:4096`]);
    limit(3);
    one.make('more', 0, 200);
    expect(
      (
        await until(
          () => spoolOf(one),
          ({ fault }) => fault !== null,
        )
      ).fault,
    ).toContain('EMFILE');
    limit(1024);
    await until(
      () => spoolOf(one),
      ({ fault, segments }) => fault === null && segments >= before.segments + 128,
    );
  },
);

itWhere(noOtherUser)('a directory of another user is warned of, and used as soon as it is its own', async () => {
  const parent = join(root, 'spool');
  mkdirSync(parent, { mode: 0o700 });
  chownSync(root, OTHER_USER, OTHER_USER);
  const one = await agent({ uid: OTHER_USER });
  one.make('n', 0, 200);
  expect(
    (
      await until(
        () => spoolOf(one),
        ({ fault }) => fault !== null,
      )
    ).fault,
  ).toMatch(/EACCES|belongs to user 0/);
  chownSync(parent, OTHER_USER, OTHER_USER);
  await until(
    () => spoolOf(one),
    ({ fault, segments }) => fault === null && segments >= 128,
  );
});
