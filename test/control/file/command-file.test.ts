import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statTrusted } from '../../../src/base/file/trusted-file';
import { CommandFile, type ReadFile } from '../../../src/control/file/command-file';
import { FileState } from '../../../src/control/run/command-channel';
import { FakeClock } from '../../support/fake-clock';

let folder: string;
let path: string;
let file: CommandFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyanchor-file-'));
  path = join(folder, 'command');
  file = new CommandFile({ path, trust: { uid: process.geteuid?.(), owners: [] }, trustDirectory: false });
  writeFileSync(path, 'reset\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(): Promise<ReadFile> {
  const reading = await file.read(undefined);
  if (reading.status !== 'read') throw new Error(reading.status);
  return reading;
}

describe('reading', () => {
  it('gives the bytes, and nothing for a state that is known', async () => {
    const { bytes, key, isReadOnly } = await read();
    expect(bytes.toString()).toBe('reset\n');
    expect(isReadOnly).toBe(false);
    expect(await file.read(key)).toEqual({ status: 'unchanged' });
    chmodSync(path, 0o600);
    expect(await file.read(key)).toMatchObject({ status: 'read' });
  });

  it('knows a file that is missing from one that may not be read', async () => {
    unlinkSync(path);
    expect(await file.read(undefined)).toEqual({ status: 'missing' });
    expect(
      await new CommandFile({ path: join(path, 'below'), trust: { uid: 0, owners: [] }, trustDirectory: false }).read(
        undefined,
      ),
    ).toEqual({ status: 'missing' });
  });

  it.each(['.', '..', '../..', './', 'c/..'])(
    'finds it where its directory is given by a link to %s',
    async (target) => {
      const trust = { uid: process.geteuid?.(), owners: [] };
      mkdirSync(join(folder, 'a', 'b', 'c'), { recursive: true });
      const link = join(folder, 'a', 'b', 'link');
      symlinkSync(target, link);
      writeFileSync(join(link, 'told'), 'reset\n');
      symlinkSync('told', join(link, 'linked'));
      const there = await statTrusted(link, trust, new Map());
      expect(there?.ino).toBe(statSync(link, { bigint: true }).ino);
      for (const name of ['told', 'linked']) {
        const linked = new CommandFile({ path: join(link, name), trust, trustDirectory: false });
        expect(await linked.read(undefined)).toMatchObject({ status: 'read' });
      }
    },
  );

  it('says that a directory in its place is no regular file, whoever may write in it', async () => {
    unlinkSync(path);
    mkdirSync(path);
    chmodSync(path, 0o777);
    expect(await file.read(undefined)).toMatchObject({
      status: 'refused',
      rule: 'is not a regular file but a directory',
    });
  });

  it('asks for no owners and modes where there are none', async () => {
    chmodSync(path, 0o666);
    chmodSync(folder, 0o777);
    const onWindows = new CommandFile({ path, trust: { uid: undefined, owners: [] }, trustDirectory: false });
    expect(await onWindows.read(undefined)).toMatchObject({ status: 'read', isReadOnly: false });
    linkSync(path, join(folder, 'other'));
    expect(await onWindows.read(undefined)).toMatchObject({
      status: 'refused',
      rule: 'has 2 hard links, expected one',
    });
  });
});

describe('appending', () => {
  it('adds one line, below one that has no end as well', async () => {
    expect(await file.append('#! a !#', await read(), 'utf8')).toEqual({ status: 'written' });
    appendFileSync(path, 'report');
    expect(await file.append('#! b !#', await read(), 'utf8')).toEqual({ status: 'written' });
    expect(readFileSync(path, 'utf8')).toBe('reset\n#! a !#\nreport\n#! b !#\n');
  });

  it('adds to what came since the file was read', async () => {
    const before = await read();
    appendFileSync(path, 'report\n');
    expect(await file.append('#! a !#', before, 'utf8')).toEqual({ status: 'written' });
    expect(readFileSync(path, 'utf8')).toBe('reset\nreport\n#! a !#\n');
  });

  it.each<readonly [string, () => void]>([
    [
      'another file is in its place',
      () => {
        writeFileSync(`${path}.new`, 'report\n');
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'another file with its inode is in its place',
      () => {
        unlinkSync(path);
        // The number is given out again at once on ext4; where it is not, the file is another by that.
        writeFileSync(path, 'report\n');
      },
    ],
    ['another writer has overwritten it', () => writeFileSync(path, 'report\n')],
    ['another writer has overwritten it by less', () => writeFileSync(path, 'log\n')],
    ['another writer has begun a line', () => appendFileSync(path, 'rep')],
    ['another writer has begun it anew', () => writeFileSync(path, 'rep')],
    ['it has a second name', () => linkSync(path, join(folder, 'other'))],
    ['it may be written by others', () => chmodSync(path, 0o666)],
    ...(process.geteuid?.() === 0 ? [['it has another owner', () => chownSync(path, 4711, 4711)] as const] : []),
    ['it is gone', () => unlinkSync(path)],
    [
      'a link is in its place',
      () => {
        renameSync(path, `${path}.old`);
        symlinkSync(`${path}.old`, path);
      },
    ],
  ])('does not happen when meanwhile %s', async (_, change) => {
    const before = await read();
    change();
    const files = ['command', 'other', 'command.old'].map((name) => join(folder, name));
    const texts = () =>
      files.map((name) => {
        try {
          return readFileSync(name, 'utf8');
        } catch {
          return '';
        }
      });
    const unchanged = texts();
    expect(await file.append('#! a !#', before, 'utf8')).toEqual({ status: 'changed' });
    expect(texts()).toEqual(unchanged);
  });
});

describe('the state of a file', () => {
  it('is known for certain only when it was read again after the tick of the kernel’s clock', async () => {
    const clock = new FakeClock();
    const state = new FileState(clock);
    expect(state.note('a')).toBe(true);
    expect(state.known).toBeUndefined();
    await clock.advance(59);
    expect(state.note('a')).toBe(false);
    expect(state.known).toBeUndefined();
    await clock.advance(1);
    expect(state.note('a')).toBe(false);
    expect(state.known).toBe('a');
    expect(state.note('b')).toBe(true);
    expect(state.known).toBeUndefined();
    state.forget();
    expect(state.note('b')).toBe(true);
  });
});
