import { startCollector, type Collector } from '../../src/testing/index';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';

let collector: Collector;

afterEach(async () => {
  await stopOwn();
  await collector.stop();
});

const LOGIC = '{"name":"/logic","latency":12,"status":true}';

it.each(['v2', 'v3'] as const)('no tag of the application’s loses its segment on %s', async (protocol) => {
  collector = await startCollector({ protocol, idDelayMs: 10 });
  const agent = startOwn({ backends: collector.address });
  await agent.ready(10_000);
  const tags: readonly (readonly [key: string, value: unknown])[] = [
    ...['a', '', 7, null, '[]', 'null', '{"name":', '{"name":{},"latency":1,"status":true}', LOGIC.repeat(100)].map(
      (value) => ['x-le', value] as const,
    ),
    ['x-le', LOGIC],
    ['x-le', '{"logic-span":true}'],
    ['transmission.latency', 12.5],
    ['status_code', 'none'],
    ['http.status_code', 'none'],
    ['', 'no key'],
    ['k'.repeat(5_000), 'v'.repeat(5_000)],
  ];
  for (const [key, value] of tags) {
    agent.trace('work', (span) => {
      span.tag(key, 'first');
      span.tag(key, value);
    });
  }
  expect(await agent.flush()).toBe(true);
  await until(() => collector.segments().length + collector.droppedSegments().length, (count) => count === tags.length, { timeoutMs: 20_000 }); // prettier-ignore
  expect(collector.droppedSegments()).toEqual([]);
  const shown = collector.segments().flatMap(({ spans }) => spans.flatMap((span) => span.tags));
  expect(shown.filter(({ key }) => key === 'x-le').map(({ value }) => value)).toEqual([LOGIC, '{"logic-span":true}']);
  expect(shown.filter(({ value }) => value === 'a')).toEqual([{ key: 'x-le.invalid', value: 'a' }]);
  expect(shown).toContainEqual({ key: 'transmission.latency.invalid', value: '12.5' });
  expect(logged.filter((line) => line.includes('.invalid'))).toHaveLength(1);
});
