import { Dictionary } from '../../src/registry/dictionary';
import { FakeClock } from '../support/fake-clock';

let clock: FakeClock;
let dictionary: Dictionary;

beforeEach(() => {
  clock = new FakeClock();
  dictionary = new Dictionary(clock);
});

function see(...names: string[]): void {
  for (const name of names) {
    dictionary.lookup(name);
    dictionary.lookup(name);
  }
}

describe('a dictionary', () => {
  it('asks for a name when it is seen a second time', () => {
    expect(dictionary.lookup('/orders')).toBe(0);
    expect(dictionary.batch()).toEqual([]);
    expect(dictionary.dueInMs()).toBe(Infinity);
    expect(dictionary.lookup('/orders')).toBe(0);
    expect(dictionary.batch()).toEqual(['/orders']);
    expect(dictionary.dueInMs()).toBe(0);
  });

  it('can be asked without its counting as a sight, by who only hands the name on', () => {
    for (let n = 0; n < 3; n++) expect(dictionary.known('/orders')).toBe(0);
    dictionary.lookup('/orders');
    for (let n = 0; n < 3; n++) expect(dictionary.known('/orders')).toBe(0);
    expect(dictionary.batch()).toEqual([]);
    dictionary.lookup('/orders');
    expect(dictionary.known('/orders')).toBe(0);
    dictionary.learn(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.known('/orders')).toBe(12);
  });

  it('knows an id from then on, and never asks for the name again', async () => {
    see('/orders');
    dictionary.learn(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.lookup('/orders')).toBe(12);
    await clock.advance(3_600_000);
    expect(dictionary.batch()).toEqual([]);
    expect(dictionary.counts()).toEqual({ known: 1, pending: 0, refused: 0 });
  });

  it('asks again, ever more slowly, for a name without an answer, until it is known', async () => {
    see('/orders');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(dictionary.batch()).toEqual(['/orders']);
      dictionary.learn(['/orders'], new Map());
      waits.push(dictionary.dueInMs());
      await clock.advance(dictionary.dueInMs());
    }
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000]);
    dictionary.learn(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.lookup('/orders')).toBe(12);
  });

  it('does not take 0 for an answer, nor an entry that nobody asked for', () => {
    see('/orders');
    dictionary.learn(
      ['/orders'],
      new Map([
        ['/orders', 0],
        ['/other', 5],
      ]),
    );
    expect(dictionary.lookup('/orders')).toBe(0);
    expect(dictionary.lookup('/other')).toBe(0);
    expect(dictionary.counts()).toEqual({ known: 0, pending: 1, refused: 0 });
  });

  it('finds the one bad name in a batch and lets the others through', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `/${index}`);
    see(...names);
    let batches = 0;
    for (; dictionary.counts().known < 99 && batches < 60; batches++) {
      await clock.advance(dictionary.dueInMs());
      const batch = dictionary.batch();
      if (batch.includes('/13')) dictionary.refuse(batch);
      else dictionary.learn(batch, new Map(batch.map((name, index) => [name, index + 2])));
    }
    expect(dictionary.counts()).toEqual({ known: 99, pending: 1, refused: 0 });
    // The bad one is asked for now and then, not all the time.
    await clock.advance(dictionary.dueInMs());
    if (dictionary.batch().length === 1) dictionary.refuse(dictionary.batch());
    expect(dictionary.dueInMs()).toBeGreaterThan(20_000);
  });

  it('asks for at most a hundred names at once, and lets none starve', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `/${index}`);
    see(...names);
    const asked = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const batch = dictionary.batch();
      expect(batch.length).toBeLessThanOrEqual(100);
      for (const name of batch) asked.add(name);
      dictionary.learn(batch, new Map());
    }
    expect(asked.size).toBe(250);
  });

  it('holds 10,000 names and counts those that it refuses', () => {
    for (let index = 0; index < 10_050; index++) see(`/${index}`);
    expect(dictionary.counts()).toEqual({ known: 0, pending: 10_000, refused: 50 });
  });

  it('does not let one-off names in, however many there are', () => {
    for (let index = 0; index < 100_000; index++) dictionary.lookup(`/once/${index}`);
    expect(dictionary.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
    expect(dictionary.batch()).toEqual([]);
  });

  it.each([
    ['an empty name', ''],
    ['a name with a lone surrogate', '/\ud800'],
    ['a name that is too long', `/${'x'.repeat(600)}`],
  ])('never asks for %s', (_, name) => {
    see(name, name);
    expect(dictionary.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
  });

  it('forgets what it knows and what it waits for', () => {
    see('/known', '/pending');
    dictionary.learn(['/known'], new Map([['/known', 12]]));
    dictionary.lookup('/seen once');
    dictionary.clear();
    expect(dictionary.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
    expect(dictionary.batch()).toEqual([]);
    expect(dictionary.lookup('/known')).toBe(0);
    expect(dictionary.lookup('/seen once')).toBe(0);
    expect(dictionary.batch()).toEqual([]);
  });

  it('ignores an answer to a question of before it was cleared', () => {
    see('/orders');
    const batch = dictionary.batch();
    dictionary.clear();
    dictionary.learn(batch, new Map());
    expect(dictionary.counts().pending).toBe(0);
  });
});
