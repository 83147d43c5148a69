import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { Claims } from '../../src/spool/claim';
import { SpoolDirectory } from '../../src/spool/spool-directory';
import { removeDirectory, temporaryDirectory } from './spool-fixture';

const OWNER = 'orders.orders-1.0000000a.aaa-1-aaaaaaaa';
const FIRST = 'orders.orders-2.0000000b.bbb-2-bbbbbbbb';
const SECOND = 'orders.orders-3.0000000c.ccc-3-cccccccc';
const FILE = `${OWNER}.000001.spool`;

let root: string;
let directory: SpoolDirectory;
let live: Set<string>;
let aheadMs: number;
/** What happens while the claimer looks whether the owner lives. */
let whileLooking: () => void;
let claims: Claims;

beforeEach(() => {
  root = temporaryDirectory();
  mkdirSync(join(root, 'spool'), { mode: 0o700 });
  directory = new SpoolDirectory(join(root, 'spool'));
  live = new Set();
  aheadMs = 0;
  whileLooking = () => undefined;
  claims = new Claims({
    directory,
    clock: { ...systemClock, elapsed: () => systemClock.elapsed() + aheadMs },
    leases: {
      isLive: async ({ key }) => {
        whileLooking();
        return live.has(key);
      },
      isLiveKey: async (key) => live.has(key),
    },
  });
  writeFileSync(directory.at(FILE), Buffer.alloc(100));
});

afterEach(() => removeDirectory(root));

it('a claimer gets of a file what was there when the first one claimed it: the rest the owner writes again', async () => {
  live.add(FIRST);
  expect(await claims.take(OWNER, FIRST)).toMatchObject({ by: FIRST, ends: { [FILE]: 100 } });
  appendFileSync(directory.at(FILE), Buffer.alloc(50));
  live.delete(FIRST);
  expect(await claims.take(OWNER, SECOND)).toMatchObject({ by: SECOND, ends: { [FILE]: 100 } });
});

it('nothing is claimed of an owner that lives, nor from a claimer that lives, and nothing where all is delivered', async () => {
  live.add(OWNER);
  expect(await claims.take(OWNER, FIRST)).toBeUndefined();
  expect(await claims.read(OWNER)).toBeUndefined();
  live.delete(OWNER);
  live.add(FIRST);
  await claims.take(OWNER, FIRST);
  expect(await claims.take(OWNER, SECOND)).toBeUndefined();
  await claims.finish(OWNER, FIRST);
  live.delete(FIRST);
  expect(await claims.take(OWNER, SECOND)).toBeUndefined();
  expect(await claims.read(OWNER)).toMatchObject({ by: FIRST, isDone: true });
});

it('a claimer that was frozen under the lock does not overwrite the claim of another', async () => {
  whileLooking = () => (aheadMs += 60_000);
  expect(await claims.take(OWNER, FIRST)).toBeUndefined();
  expect(await claims.read(OWNER)).toBeUndefined();
});

it('the position is the farthest of all that read, whoever claims', async () => {
  await claims.record(OWNER, 'aaaaaaaa', { sequence: 1, offset: 40 });
  await claims.record(OWNER, 'dddddddd', { sequence: 1, offset: 80 });
  expect(await claims.position(OWNER)).toEqual({ sequence: 1, offset: 80, reader: 'dddddddd' });
});

it('the position of a reader that knows what became of a block goes before that of one that does not', async () => {
  await claims.record(OWNER, 'aaaaaaaa', { sequence: 1, offset: 40 });
  await claims.record(OWNER, 'dddddddd', { sequence: 1, offset: 80, unsettled: 4 });
  expect(await claims.position(OWNER)).toEqual({ sequence: 1, offset: 80, unsettled: 4, reader: 'dddddddd' });
  await claims.record(OWNER, 'aaaaaaaa', { sequence: 1, offset: 80 });
  await claims.record(OWNER, 'eeeeeeee', { sequence: 1, offset: 80, unsettled: 4 });
  expect(await claims.position(OWNER)).toEqual({ sequence: 1, offset: 80, reader: 'aaaaaaaa' });
});

describe('an owner that finds its key claimed', () => {
  const claim = (ends: unknown): Promise<void> =>
    directory.writeJson(`${OWNER}.claim`, { by: FIRST, ends, isDone: false }, 'bbbbbbbb');

  it('waits until the claimer has looked up how much is its own', async () => {
    live.add(FIRST);
    await claim(null);
    const ends = claims.endsFor(OWNER, { [FILE]: 150 });
    await claim({ [FILE]: 100 });
    expect(await ends).toEqual({ [FILE]: 100 });
  });

  it('says it itself where the claimer has died over that, and the next claimer keeps to it', async () => {
    await claim(null);
    expect(await claims.endsFor(OWNER, { [FILE]: 70 })).toEqual({ [FILE]: 70 });
    expect(await claims.take(OWNER, SECOND)).toMatchObject({ by: SECOND, ends: { [FILE]: 70 } });
  });
});
