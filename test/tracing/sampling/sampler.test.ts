import { Sampler } from '../../../src/tracing/sampling/sampler';
import { FakeClock } from '../../support/fake-clock';
import { tracing } from '../../support/tracing';
import type { SamplingRule } from '../../../src/api/options';

let clock: FakeClock;

function made(rules: readonly SamplingRule[] = []): Sampler {
  clock = new FakeClock();
  return new Sampler(clock, rules);
}

const count = (sampler: Sampler, name: string, of = 10): number =>
  Array.from({ length: of }, () => sampler.isSampled(name)).filter(Boolean).length;

describe('a sampler', () => {
  it('has nothing to decide where everything is recorded', () => {
    const sampler = made();
    expect(sampler.isOff).toBe(true);
    sampler.setRate(0.5);
    expect(sampler.isOff).toBe(false);
    sampler.setRate(1);
    expect(sampler.isOff).toBe(true);
    sampler.setPer3Seconds(1);
    expect(sampler.isOff).toBe(false);
    sampler.setPer3Seconds(0);
    expect([sampler.isOff, made([{ path: '/', rate: 1 }]).isOff]).toEqual([true, false]);
  });

  it('lets the first rule that matches decide, whatever the rate of all others is', () => {
    const sampler = made([
      { path: '/orders/*', rate: 1 },
      { path: '/*', rate: 0.6 },
      { path: '/stock', rate: 0 },
    ]);
    sampler.setRate(0);
    expect(['/orders/7', '/stock', 'job'].map((name) => count(sampler, name))).toEqual([10, 10, 0]);
    clock.chance = 0.6;
    expect(count(sampler, '/stock')).toBe(0);
  });

  it('lets as many through in a second as a rule says, each rule for itself', async () => {
    const sampler = made([
      { path: '/a', perSecond: 3 },
      { path: '/b', perSecond: 1 },
    ]);
    expect([count(sampler, '/a'), count(sampler, '/b'), count(sampler, '/c')]).toEqual([3, 1, 10]);
    await clock.advance(999);
    expect(count(sampler, '/a')).toBe(0);
    await clock.advance(1);
    expect([count(sampler, '/a'), count(sampler, '/b')]).toEqual([3, 1]);
  });

  it('counts against the limit of a rule only what its rate has chosen', () => {
    const sampler = made([{ path: '*', rate: 0.5, perSecond: 2 }]);
    clock.chance = 0.7;
    expect(count(sampler, '/a')).toBe(0);
    clock.chance = 0.2;
    expect(count(sampler, '/a')).toBe(2);
  });

  it('lets as many through in three seconds as the Java agent does, of those that no rule is for', async () => {
    const sampler = made([{ path: '/orders', rate: 1 }]);
    sampler.setPer3Seconds(4);
    expect([count(sampler, '/a'), count(sampler, '/orders')]).toEqual([4, 10]);
    await clock.advance(2_999);
    // As after a reconnect: what has been let through counts all the same.
    sampler.setPer3Seconds(4);
    expect(count(sampler, '/a')).toBe(0);
    await clock.advance(1);
    expect(count(sampler, '/a')).toBe(4);
    sampler.setPer3Seconds(5);
    expect(count(sampler, '/a')).toBe(5);
  });

  it('is not moved by a wall clock that is set back', async () => {
    const sampler = made([{ path: '*', perSecond: 1 }]);
    expect(count(sampler, '/a')).toBe(1);
    clock.shift(-3_600_000);
    await clock.advance(1_000);
    expect(count(sampler, '/a')).toBe(1);
  });
});

describe('the rules', () => {
  it('are for the traces that begin here, by the name that they begin with', () => {
    const { tracer, spans } = tracing({ sampleRate: 0, sampling: [{ path: '/orders*', rate: 1 }] });
    for (const name of ['/orders', '/stock']) {
      const entry = tracer.openEntry(name);
      if (entry) tracer.end(entry);
      const exit = tracer.openExit(name, 'a:80');
      if (exit) tracer.end(exit);
    }
    expect(spans().map(({ operationName }) => operationName)).toEqual(['/orders', '/orders']);
  });

  it('are not asked where a caller has decided', () => {
    const { tracer } = tracing({ sampling: [{ path: '*', rate: 0 }] });
    const sw8 = '1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=';
    expect(tracer.openEntry('/', { sw8 })).toBeDefined();
    expect(tracer.openEntry('/')).toBeUndefined();
  });
});
