import {
  filesToDrop,
  shouldAdopt,
  shouldSeal,
  shouldSync,
  spillCount,
  type AdoptPolicy,
  type DropPolicy,
  type FsyncPolicy,
} from '../../src/spool/policies';

describe('a block', () => {
  const limits = { bytes: 1_000, count: 10, ageMs: 500 };

  it.each([
    ['is not sealed while it is empty, however old', { bytes: 0, count: 0, ageMs: 9_999 }, false],
    ['is not sealed below all limits', { bytes: 999, count: 9, ageMs: 499 }, false],
    ['is sealed by its size', { bytes: 1_000, count: 1, ageMs: 0 }, true],
    ['is sealed by its count', { bytes: 1, count: 10, ageMs: 0 }, true],
    ['is sealed by its age', { bytes: 1, count: 1, ageMs: 500 }, true],
  ])('%s', (_, open, expected) => {
    expect(shouldSeal(open, limits)).toBe(expected);
  });
});

describe('memory', () => {
  it.each([
    ['spills nothing while a backend is there and it has room', { waiting: 99, capacity: 100, awayMs: 0 }, 0],
    ['spills half when it is full', { waiting: 100, capacity: 100, awayMs: 0 }, 50],
    ['spills what is over half when it is over its bound', { waiting: 130, capacity: 101, awayMs: 0 }, 80],
    ['spills nothing when the backend has just gone', { waiting: 99, capacity: 100, awayMs: 4_999 }, 0],
    ['spills everything when the backend has been away for long', { waiting: 7, capacity: 100, awayMs: 5_000 }, 7],
    ['has nothing to spill when it is empty', { waiting: 0, capacity: 100, awayMs: 60_000 }, 0],
    ['of one place spills its one segment', { waiting: 1, capacity: 1, awayMs: 0 }, 1],
  ])('%s', (_, state, expected) => {
    expect(spillCount(state)).toBe(expected);
  });
});

describe('a dead process', () => {
  const own = { service: 'orders', key: 'k2' };
  const me = { instance: 'orders-2', key: 'k2' };
  const before = { instance: 'orders-1', key: 'k1' };
  const after = { instance: 'orders-3', key: 'k0' };
  const same = { instance: 'orders-2', key: 'k1' };

  it.each<[string, AdoptPolicy, string, readonly { instance: string; key: string }[], boolean]>([
    ['is adopted by the first of the living', 'first', 'orders', [after, me], true],
    ['is left to the one before us', 'first', 'orders', [me, before], false],
    ['is adopted by the lower key where names are alike', 'first', 'orders', [me, same], false],
    ['is adopted by the only one: a job that starts later', 'first', 'orders', [me], true],
    ['is not adopted by a process that is not among the living', 'first', 'orders', [], false],
    ['is not adopted by another service', 'first', 'billing', [me], false],
    ['is adopted by each of its service', 'any', 'orders', [me, before], true],
    ['is not adopted by each of another service', 'any', 'billing', [me], false],
    ['is not adopted where that is switched off', 'never', 'orders', [me], false],
  ])('%s', (_, policy, service, living, expected) => {
    expect(shouldAdopt(policy, { service, own, living })).toBe(expected);
  });

  it('is adopted to its end by the process that has begun, also when one before it joins', () => {
    const living = [me, before];
    expect(shouldAdopt('first', { service: 'orders', own, living, claimedBy: me.key })).toBe(true);
    expect(shouldAdopt('first', { service: 'orders', own, living, claimedBy: before.key })).toBe(false);
  });
});

describe('a full directory', () => {
  const file = (name: string, bytes: number, time: number) => ({ name, bytes, time });
  const files = [file('b', 10, 2), file('a', 10, 1), file('c', 10, 3)];

  it.each<[string, DropPolicy, number, string[] | undefined]>([
    ['drops nothing when there is room', 'oldest', 0, []],
    ['drops the oldest file', 'oldest', 1, ['a']],
    ['drops as many of the oldest as are needed', 'oldest', 11, ['a', 'b']],
    ['drops nothing when all files together would not do', 'oldest', 31, undefined],
    ['takes no new segments where the newest go', 'newest', 1, undefined],
    ['takes new segments where the newest go and there is room', 'newest', 0, []],
  ])('%s', (_, policy, needed, expected) => {
    expect(filesToDrop(policy, files, needed)?.map(({ name }) => name)).toEqual(expected);
  });
});

describe('fsync', () => {
  it.each<[FsyncPolicy, number, boolean]>([
    ['never', 60_000, false],
    ['block', 0, true],
    ['interval', 999, false],
    ['interval', 1_000, true],
  ])('%s, %d ms after the last one: %s', (policy, sinceLastMs, expected) => {
    expect(shouldSync(policy, sinceLastMs)).toBe(expected);
  });
});
