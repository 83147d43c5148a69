import { Int64Id } from '../../src/model/ids';
import { IdGenerator } from '../../src/tracing/id-generator';
import { FakeClock } from '../support/fake-clock';

describe('an id', () => {
  it('is unique, also where ten thousand are made in one millisecond', () => {
    const clock = new FakeClock();
    const ids = new IdGenerator(clock);
    const made = new Set<string>();
    for (let n = 0; n < 30_000; n++) made.add(ids.next().toString());
    expect(made.size).toBe(30_000);
  });

  it('is not repeated when the wall clock is set back', () => {
    const clock = new FakeClock();
    const ids = new IdGenerator(clock);
    const made = [ids.next(), ids.next()].map(String);
    clock.shift(-3_600_000);
    made.push(...[ids.next(), ids.next()].map(String));
    expect(new Set(made).size).toBe(4);
  });

  it('has three parts, the third of them the moment and a sequence number of four digits', () => {
    const clock = new FakeClock(1_700_000_000_000);
    const ids = new IdGenerator(clock);
    ids.setInstance(7);
    expect(ids.next().toString()).toMatch(/^7\.\d+\.17000000000000000$/);
    expect(ids.next().toString()).toMatch(/^7\.\d+\.17000000000000001$/);
  });

  it('differs between two processes that have no instance id yet', () => {
    const [one, other] = [new FakeClock(), new FakeClock()];
    other.chance = 0.25;
    expect(new IdGenerator(one).next().toString()).not.toBe(new IdGenerator(other).next().toString());
  });

  it('is known as its own by the process that made it, and by no other', () => {
    const [one, other] = [new FakeClock(), new FakeClock()];
    other.chance = 0.25;
    const [ids, others] = [new IdGenerator(one), new IdGenerator(other)];
    const asItComesBack = (made: { first: number; second: number }): Int64Id =>
      new Int64Id([BigInt(made.first), BigInt(made.second), 17n]);
    const early = ids.next();
    ids.setInstance(7);
    others.setInstance(7);
    const [later, foreign] = [ids.next(), others.next()];
    for (const made of [early, later, asItComesBack(early), asItComesBack(later)]) expect(ids.made(made)).toBe(true);
    for (const made of [foreign, asItComesBack(foreign)]) expect(ids.made(made)).toBe(false);
    // The second part alone is not enough: some process has the same.
    expect(ids.made(asItComesBack({ first: 8, second: later.second }))).toBe(false);
    for (let instance = 100; instance < 108; instance++) ids.setInstance(instance);
    expect([ids.made(early), ids.made(later), ids.made(ids.next())]).toEqual([false, false, true]);
  });

  it('of another process keeps numbers that a double cannot hold', () => {
    expect(new Int64Id([1n, -2n, 9_223_372_036_854_775_807n]).toString()).toBe('1.-2.9223372036854775807');
  });
});
