import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { endApps, REGISTER, startApp, type App, type AppEnd } from '../support/app';
import { until } from '../support/until';

const CRASHES = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'crashes.js');

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let collector: Collector;

afterEach(async () => {
  await endApps();
  await collector.stop();
});

const spans = () => collector.segments().flatMap((segment) => segment.spans);

async function traced(protocol: 'v2' | 'v3', args: readonly string[] = []): Promise<App> {
  collector = await startCollector({ protocol, idDelayMs: 10 });
  const app = startApp(CRASHES, {
    args,
    nodeFlags: ['--require', REGISTER],
    env: { SW_AGENT_NAME: 'crashes', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address },
  });
  await app.visit('/first');
  await until(spans, (found) => found.length > 0);
  return app;
}

/** Asks for a page whose answer may never come. @returns how the program ended, and the exception it printed */
async function crash(app: App, page: string): Promise<{ end: AppEnd; printed: string | undefined }> {
  await Promise.all([app.visit(page).catch(() => undefined), app.ended]);
  return { end: app.end!, printed: /^.*Error\]?: .*$/m.exec(app.stderr)?.[0] };
}

describe.each(['v2', 'v3'] as const)('an exception that ends the process, on %s,', (protocol) => {
  it.each([
    ['/throws', 'in the handler', '/throws'],
    ['/later', 'in a timer', '/later'],
    ['/rejects', 'in a promise', '/rejects'],
    ['/after', 'after the response', 'uncaughtException'],
  ])('is a log on the span that was active, and the process ends as without us: %s', async (page, message, name) => {
    const bare = startApp(CRASHES);
    await bare.port();
    const without = await crash(bare, page);
    expect(without.end).toEqual({ code: 1, signal: null });
    expect(without.printed).toContain(message);

    expect(await crash(await traced(protocol, []), page)).toEqual(without);
    const failed = () => spans().filter(({ logs }) => logs.some(({ data }) => JSON.stringify(data).includes(message)));
    const [span] = await until(failed, (found) => found.length > 0);
    expect(span).toMatchObject({ isError: true });
    expect(span!.operationName).toMatch(new RegExp(`${name}$`));
    expect(JSON.stringify(span!.logs)).toContain('Broken');
    // The request is there, with the segment.
    expect(spans().some(({ operationName }) => operationName.endsWith(page))).toBe(true);
    expect(collector.droppedSegments()).toEqual([]);
  });
});

describe('an exception that the application survives', () => {
  it('is a log on the span, which goes on', async () => {
    const app = await traced('v3', ['listens']);
    const visited = app.visit('/later');
    visited.catch(() => undefined);
    await until(
      () => app.stdout,
      (text) => text.includes('survived'),
      { timeoutMs: 10_000 },
    );
    expect(app.end).toBeUndefined();
    expect(await app.visit('/first')).toBe(200);
    expect(await app.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    expect(spans().some(({ operationName }) => operationName.endsWith('/later'))).toBe(false);
  });
});
