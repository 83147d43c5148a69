import { ApplicationMeters } from '../../src/telemetry/application-meters';
import { Log } from '../../src/base/log';
import { start, type Agent } from '../../src/index';
import { startCollector } from '../../src/testing';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';

describe('the meters of the application', () => {
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const logger = { error: silent, warn: (line: string) => void warnings.push(line), info: silent, debug: silent };
  const make = () => new ApplicationMeters(new Log(new FakeClock(), logger));

  beforeEach(() => warnings.splice(0));

  it('are the same where name and labels are, whatever the order of the labels', () => {
    const meters = make();
    meters.counter('orders', { kind: 'new', shop: 'a' }).increment();
    meters.counter('orders', { shop: 'a', kind: 'new' }).increment(2);
    meters.counter('orders', { shop: 'b' }).increment();
    expect(meters.sample()).toEqual([
      {
        name: 'orders',
        value: 3,
        labels: [
          ['kind', 'new'],
          ['shop', 'a'],
        ],
      },
      { name: 'orders', value: 1, labels: [['shop', 'b']] },
    ]);
  });

  it('never fall where they count, and are absent until they are set where they are of now', () => {
    const meters = make();
    const counter = meters.counter('orders');
    for (const by of [-1, NaN, Infinity, 0]) counter.increment(by);
    const gauge = meters.gauge('stock');
    expect(meters.sample()).toEqual([{ name: 'orders', value: 0, labels: [] }]);
    gauge.set(7);
    gauge.set(NaN);
    expect(meters.sample()).toContainEqual({ name: 'stock', value: 7, labels: [] });
  });

  it('count values by their lower bounds', () => {
    const meters = make();
    const histogram = meters.histogram('took');
    for (const value of [-1, 0, 4.9, 5, 12, 99_999, NaN]) histogram.record(value);
    const [{ buckets } = { buckets: [] }] = meters.sample();
    expect(buckets!.filter(([, count]) => count > 0)).toEqual([
      [0, 3],
      [5, 1],
      [10, 1],
      [10_000, 1],
    ]);
  });

  it('are at most 500, and none under a name that is none: what is over does nothing and is said once', () => {
    const meters = make();
    for (let at = 0; at < 502; at++) meters.counter(`n${at}`).increment();
    expect(meters.sample()).toHaveLength(500);
    expect(warnings).toEqual(['there are 500 meters; others are not reported']);
    meters.gauge('a b').set(1);
    expect(warnings).toHaveLength(2);
  });
});

describe('a v3 backend', () => {
  let agent: Agent | undefined;

  it('is told what the application and the agent have counted', async () => {
    const collector = await startCollector({ protocol: 'v3' });
    agent = start({ serviceName: 'orders', backends: collector.address, meterPeriodMs: 1_000 });
    agent.meter.counter('orders_placed', { shop: 'a' }).increment(3);
    agent.meter.histogram('order_took').record(12);
    await agent.ready();
    agent.trace('job', () => undefined);
    await agent.flush();
    const named = (name: string) => collector.meters().findLast((meter) => meter.name === name);
    // A report may have come before the segment.
    await until(
      () => named('skyanchor_segments_sent')?.value,
      (sent) => sent === 1,
    );
    expect(named('orders_placed')).toMatchObject({
      value: 3,
      labels: [{ key: 'shop', value: 'a' }],
      service: 'orders',
    });
    expect(named('order_took')!.buckets).toContainEqual({ bucket: 10, count: 1, isNegativeInfinity: false });
    expect(named('skyanchor_reconnects')).toMatchObject({ value: 0 });
    expect(named('skyanchor_resets')).toMatchObject({ value: 0 });
    await agent.stop();
    await collector.stop();
  });

  it('is told nothing by a disabled agent, whose meters do nothing', async () => {
    agent = start({ enabled: false });
    agent.meter.counter('a').increment();
    agent.meter.gauge('b').set(1);
    agent.meter.histogram('c').record(1);
    await agent.stop();
  });
});
