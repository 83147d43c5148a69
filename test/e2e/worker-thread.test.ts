import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { endApps, REGISTER, startApp } from '../support/app';
import { until } from '../support/until';

const APP = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'threads.js');

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 0 });
});

afterEach(async () => {
  await endApps();
  await collector.stop();
});

describe('a worker thread', () => {
  it('runs as it would without us, and what waits for it is traced in its own request', async () => {
    const app = startApp(APP, {
      nodeFlags: ['--require', REGISTER],
      env: {
        SW_AGENT_NAME: 'threads',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
        SW_AGENT_GROUP_ENDPOINTS: 'false',
      },
    });
    const port = await app.port();
    await until(
      () => app.stdout,
      (stdout) => stdout.includes('worker disabled'),
    );
    const visit = async (n: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/${n}`)).text();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => visit(n)));
    expect(answers).toEqual(answers.map(() => 'no carrier'));
    await until(
      () => collector.segments().length,
      (count) => count >= 8,
      { timeoutMs: 10_000 },
    );
    const shapes = collector.segments().map(({ spans }) => spans.map(({ operationName }) => operationName));
    const expected = answers.map((_, n) => ['after the worker', `/${n}`]);
    expect(shapes.sort((a, b) => ((a[1] ?? '') < (b[1] ?? '') ? -1 : 1))).toEqual(expected);
    expect(collector.instances()).toHaveLength(1);
    expect(app.stderr).toBe('');
  });
});
