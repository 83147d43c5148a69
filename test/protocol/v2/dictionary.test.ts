import { Dictionary } from '../../../src/protocol/v2/dictionary';
import { FakeClock } from '../../support/fake-clock';

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
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.known('/orders')).toBe(12);
  });

  it('asks for long names a few at a time, so that the answer is within its bound', () => {
    const names = Array.from({ length: 60 }, (_, n) => `/${n}/${'\u20ac'.repeat(500)}`);
    see(...names);
    const asked: string[] = [];
    while (asked.length < names.length) {
      const batch = dictionary.batch();
      expect(batch.length).toBeGreaterThan(0);
      expect(Buffer.byteLength(batch.join(''))).toBeLessThanOrEqual(32 * 1024);
      dictionary.applyIds(batch, new Map(batch.map((name, n) => [name, asked.length + n + 1])));
      asked.push(...batch);
    }
    expect(asked).toEqual(names);
  });

  it('knows an id from then on, and never asks for the name again', async () => {
    see('/orders');
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
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
      dictionary.applyIds(['/orders'], new Map());
      waits.push(dictionary.dueInMs());
      await clock.advance(dictionary.dueInMs());
    }
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000]);
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.lookup('/orders')).toBe(12);
  });

  it('does not take 0 for an answer, nor an entry that was not asked for', () => {
    see('/orders');
    dictionary.applyIds(
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

  it('asks for at most a hundred names at once, and lets none starve', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `/${index}`);
    see(...names);
    const asked = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const batch = dictionary.batch();
      expect(batch.length).toBeLessThanOrEqual(100);
      for (const name of batch) asked.add(name);
      dictionary.applyIds(batch, new Map());
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
    dictionary.applyIds(['/known'], new Map([['/known', 12]]));
    dictionary.lookup('/seen once');
    dictionary.clear();
    expect(dictionary.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
    expect(dictionary.batch()).toEqual([]);
    expect(dictionary.lookup('/known')).toBe(0);
    expect(dictionary.lookup('/seen once')).toBe(0);
    expect(dictionary.batch()).toEqual([]);
  });

  it.each([
    ['without an id', new Map()],
    ['with an id', new Map([['/orders', 12]])],
  ])('ignores an answer %s to a question of before it was cleared', (_, answers) => {
    see('/orders');
    const batch = dictionary.batch();
    dictionary.clear();
    dictionary.applyIds(batch, answers);
    expect(dictionary.counts()).toEqual({ known: 0, pending: 0, refused: 0 });
    expect(dictionary.known('/orders')).toBe(0);
    expect(dictionary.ids.nameOf(12)).toBeUndefined();
  });
});

describe('a name that the backend refuses', () => {
  let asks: { readonly at: number; readonly names: readonly string[] }[];
  let lastId = 1;

  beforeEach(() => {
    asks = [];
  });

  /** One question, as soon as there is one. @param isBad refused, as every batch that it is in */
  async function ask(isBad: (name: string) => boolean): Promise<void> {
    await clock.advance(dictionary.dueInMs());
    const names = dictionary.batch();
    asks.push({ at: clock.elapsed(), names });
    if (names.some(isBad)) dictionary.rejectBatch(names);
    else dictionary.applyIds(names, new Map(names.map((name) => [name, ++lastId])));
  }

  it('is found among a hundred with a question or two for each half, and the others get through in seconds', async () => {
    see(...Array.from({ length: 100 }, (_, index) => `/${index}`));
    const since = clock.elapsed();
    while (dictionary.counts().known < 99) await ask((name) => name === '/13');
    expect(dictionary.counts()).toEqual({ known: 99, pending: 1, refused: 0 });
    expect(asks.length).toBeLessThanOrEqual(16);
    expect(clock.elapsed() - since).toBeLessThan(3_000);
  });

  it('is asked for again after about 20, 40, 80 … ms, and after eight times in a row only now and then', async () => {
    see('/bad');
    for (let n = 0; n < 10; n++) await ask(() => true);
    const waits = asks.slice(1).map(({ at }, index) => Math.round(at - asks[index]!.at));
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1_000, 30_000, 30_000]);
  });

  it('is not taken for bad where the refusals end, and begins anew with them', async () => {
    see('/orders');
    for (let n = 0; n < 7; n++) await ask(() => true);
    dictionary.applyIds(['/orders'], new Map());
    for (let n = 0; n < 7; n++) await ask(() => true);
    expect(dictionary.dueInMs()).toBeLessThanOrEqual(1_000);
    await ask(() => false);
    expect(dictionary.known('/orders')).toBeGreaterThan(0);
  });

  it('does not hold up names that come later', async () => {
    see('/bad', '/worse');
    for (let n = 0; n < 4; n++) await ask(() => true);
    see('/good', '/better');
    await ask((name) => name === '/bad' || name === '/worse');
    expect(asks.at(-1)!.names).toEqual(['/good', '/better']);
    expect(dictionary.counts()).toEqual({ known: 2, pending: 2, refused: 0 });
  });

  it('is asked for with all others again once one that was refused alone is answered: it was the backend', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `/${index}`);
    see(...names);
    for (let n = 0; n < 2_000; n++) await ask(() => true);
    await ask(() => false);
    await ask(() => false);
    expect(asks.slice(-2).map((asked) => asked.names.length)).toEqual([1, 49]);
    expect(asks.at(-1)!.at).toBe(asks.at(-2)!.at);
    expect(dictionary.counts()).toEqual({ known: 50, pending: 0, refused: 0 });
  });
});

describe('the way back from an id to its name', () => {
  it('is there for ids that are known, and for no other', () => {
    see('/orders', '/pending');
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    expect(dictionary.ids.nameOf(12)).toBe('/orders');
    expect(dictionary.ids.nameOf(13)).toBeUndefined();
    expect(dictionary.ids.nameOf(0)).toBeUndefined();
  });

  it('stays for who kept the ids of before when all is forgotten, and is not mixed with what is learned then', () => {
    see('/orders', '/pending');
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    const before = dictionary.ids;
    dictionary.clear();
    see('/stock', '/orders');
    dictionary.applyIds(
      ['/stock', '/orders', '/pending'],
      new Map([
        ['/stock', 12],
        ['/orders', 13],
        ['/pending', 14],
      ]),
    );
    expect([12, 13, 14].map((id) => before.nameOf(id))).toEqual(['/orders', undefined, undefined]);
    expect([12, 13, 14].map((id) => dictionary.ids.nameOf(id))).toEqual(['/stock', '/orders', undefined]);
  });
});

describe('a look-up by the ids of before', () => {
  it('tells the id of its own time, never one of now', () => {
    see('/orders');
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    const before = dictionary.ids;
    dictionary.clear();
    see('/orders', '/stock');
    dictionary.applyIds(
      ['/orders', '/stock'],
      new Map([
        ['/orders', 20],
        ['/stock', 21],
      ]),
    );
    for (const lookUp of [dictionary.lookup.bind(dictionary), dictionary.known.bind(dictionary)]) {
      expect(lookUp('/orders', before)).toBe(12);
      expect(lookUp('/stock', before)).toBe(0);
      expect(lookUp('/orders')).toBe(20);
      expect(lookUp('/stock')).toBe(21);
    }
  });

  it('counts as no sight, and takes no id away from a name', () => {
    const before = dictionary.ids;
    dictionary.clear();
    see('/orders');
    dictionary.applyIds(['/orders'], new Map([['/orders', 12]]));
    for (let n = 0; n < 3; n++) {
      expect(dictionary.lookup('/orders', before)).toBe(0);
      expect(dictionary.lookup('/new', before)).toBe(0);
    }
    expect(dictionary.counts()).toEqual({ known: 1, pending: 0, refused: 0 });
    expect(dictionary.lookup('/orders')).toBe(12);
  });
});

describe('an id that is another name’s already', () => {
  const alike = (...names: string[]) => new Map(names.map((name) => [name, 12]));

  beforeEach(() => {
    see('/orders');
    dictionary.applyIds(['/orders'], alike('/orders'));
    see('/stock');
    dictionary.applyIds(['/stock'], alike('/stock'));
  });

  it('is not taken, so that it still leads back to one name', () => {
    expect(dictionary.lookup('/stock')).toBe(0);
    expect(dictionary.lookup('/orders')).toBe(12);
    expect(dictionary.ids.nameOf(12)).toBe('/orders');
    expect(dictionary.counts()).toEqual({ known: 1, pending: 1, refused: 0 });
  });

  it('is in dispute until the name that had it first is asked for again', () => {
    expect(dictionary.conflicts()).toEqual(['/orders']);
    expect(dictionary.verify(['/orders'], alike('/orders'))).toBe(true);
    expect(dictionary.conflicts()).toEqual([]);
  });

  it.each([
    ['has another id by now', new Map([['/orders', 13]])],
    ['has none any more', new Map()],
  ])('is not settled where that name %s', (_, answers) => {
    expect(dictionary.verify(['/orders'], answers)).toBe(false);
  });

  it('leaves its name to be asked for only now and then', async () => {
    dictionary.verify(['/orders'], alike('/orders'));
    expect(dictionary.dueInMs()).toBe(30_000);
    await clock.advance(30_000);
    expect(dictionary.batch()).toEqual(['/stock']);
    dictionary.applyIds(['/stock'], new Map([['/stock', 13]]));
    expect(dictionary.lookup('/stock')).toBe(13);
    expect(dictionary.conflicts()).toEqual([]);
  });

  it('is in dispute once for a name that is given it again and again, and anew when it is given a third one’s', async () => {
    dictionary.verify(['/orders'], alike('/orders'));
    see('/prices');
    dictionary.applyIds(['/prices'], new Map([['/prices', 13]]));
    for (let n = 0; n < 3; n++) {
      await clock.advance(30_000);
      dictionary.applyIds(dictionary.batch(), alike('/stock'));
      expect(dictionary.conflicts()).toEqual([]);
    }
    dictionary.applyIds(['/stock'], new Map([['/stock', 13]]));
    expect(dictionary.conflicts()).toEqual(['/prices']);
  });

  it('is no longer in dispute once all is forgotten', () => {
    dictionary.clear();
    expect(dictionary.conflicts()).toEqual([]);
  });

  it('is seen within one answer as well', () => {
    see('/a', '/b');
    dictionary.applyIds(
      ['/a', '/b'],
      new Map([
        ['/a', 20],
        ['/b', 20],
      ]),
    );
    expect(dictionary.conflicts()).toEqual(['/orders', '/a']);
    expect([dictionary.lookup('/a'), dictionary.lookup('/b')]).toEqual([20, 0]);
  });
});
