import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SegmentRecord, startCollector, type Collector } from '../../src/testing/index';
import { connectV2Agent } from '../oap/oap';
import { Operator } from '../scenario/operator';
import { endApps, REGISTER, startApp, type App, type AppOptions } from '../support/app';
import { freePort } from '../support/free-port';
import { statuses } from '../support/statuses';
import { until } from '../support/until';
import { visit } from '../support/visit';

/** A service that was not written for us. */
const HTTP_SERVER = path.join(__dirname, '..', '..', 'node_modules', 'http-server', 'bin', 'http-server');

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let folder: string;
let operator: Operator;
let collector: Collector;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-site-'));
  mkdirSync(path.join(folder, 'docs'));
  writeFileSync(path.join(folder, 'notes.txt'), 'a note\n');
  writeFileSync(path.join(folder, 'docs', 'guide'), 'a guide\n');
  operator = new Operator();
  collector = await startCollector({ idDelayMs: 20 });
});

afterEach(async () => {
  await endApps();
  await collector.stop();
  operator.leave();
  rmSync(folder, { recursive: true, force: true });
});

interface Site {
  readonly app: App;
  readonly port: number;
}

async function serve(options: AppOptions = {}): Promise<Site> {
  const port = await freePort();
  const app = startApp(HTTP_SERVER, { args: [folder, '-a', '127.0.0.1', '-p', String(port), '-c-1'], ...options });
  await until(() => visit(port, '/notes.txt').catch(() => undefined));
  return { app, port };
}

const traced = (): AppOptions => ({
  nodeFlags: ['--require', REGISTER],
  env: {
    SW_AGENT_NAME: 'site',
    SW_AGENT_INSTANCE_NAME: 'site-1',
    SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
    SW_AGENT_COMMAND_FILE: operator.commandFile,
  },
});

const registration = () => statuses(operator.commandFile)['site-1']?.registration;

const entriesOf = (segments: readonly SegmentRecord[]) =>
  segments.map(({ spans: [span] }) => ({
    name: span!.operationName,
    isError: span!.isError,
    status: span!.tags.find(({ key }) => key === 'status_code')?.value,
  }));

const PAGES = [
  { name: '/notes.txt', isError: false, status: '200' },
  { name: '/docs/guide', isError: false, status: '200' },
  { name: '/nowhere', isError: true, status: '404' },
];

/** Every page once, by a real request, and the segments that came of it. */
async function visitAll(port: number): Promise<readonly SegmentRecord[]> {
  const known = new Set(collector.segments().map(({ segmentId }) => segmentId));
  for (const { name, status } of PAGES) expect([name, String(await visit(port, name))]).toEqual([name, status]);
  return until(
    () => collector.segments().filter(({ segmentId }) => !known.has(segmentId)),
    ({ length }) => length >= PAGES.length,
  );
}

describe("npm's http-server, with the agent in it and nothing changed", () => {
  it('registers, is traced, and goes on under new ids when its backend lost its storage and an operator said reset', async () => {
    // The ids of the first life are not those that an empty backend gives out first.
    const stranger = connectV2Agent(collector.address);
    await stranger.instanceId(await stranger.serviceId('stranger'), 'stranger-1');
    stranger.close();
    const { app, port } = await serve(traced());
    const before = await until(registration, (found) => found?.phase === 'registered');
    expect(collector.instances().map(({ uuid }) => uuid)).toEqual(['stranger-1', 'site-1']);
    await until(
      () => collector.segments(),
      ({ length }) => length > 0,
    );
    const first = await visitAll(port);
    expect(entriesOf(first)).toEqual(PAGES);

    await collector.wipe(async () => {
      await operator.echo('reset');
      // Otherwise a busy machine sees the backend first, and registers for that.
      await until(() => operator.stamps().find(({ state }) => state === 'running'));
    });
    const done = await until(() => operator.stamps().find(({ state }) => state === 'done'));
    const after = await until(registration, (found) => found?.reason === `command ${done!.id}` && found.instanceId);
    const ids = `service=${before!.serviceId}->${after!.serviceId} instance=${before!.instanceId}->${after!.instanceId}`;
    expect(operator.commands()).toMatch(/^reset\n#! [^\n]* running [^\n]* !#\n#! [^\n]* done [^\n]* !#\n$/);
    expect(done!.detail).toMatch(new RegExp(`^${ids} took=\\d+ms$`));
    expect(after!.serviceId).not.toBe(before!.serviceId);
    expect(after!.instanceId).not.toBe(before!.instanceId);

    expect(statuses(operator.commandFile)['site-1']?.pid).toBe(app.pid);
    expect(app.end).toBeUndefined();
    expect(collector.instances().map(({ id, uuid }) => ({ id, uuid }))).toEqual([
      { id: after!.instanceId, uuid: 'site-1' },
    ]);
    const second = await visitAll(port);
    expect(entriesOf(second)).toEqual(PAGES);
    for (const { service, serviceId, instance, instanceId } of second) {
      expect({ service, serviceId, instance, instanceId }).toEqual({
        ...{ service: 'site', serviceId: after!.serviceId },
        ...{ instance: 'site-1', instanceId: after!.instanceId },
      });
    }
    expect(collector.droppedSegments()).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s as without us', async (signal) => {
    const [bare, site] = await Promise.all([serve(), serve(traced())]);
    await until(registration, (found) => found?.phase === 'registered');
    await visitAll(site.port);
    expect(await site.app.kill(signal)).toEqual(await bare.app.kill(signal));
    // A line of ours may differ; in the rest only the process id differs.
    const errors = ({ app }: Site) =>
      app.stderr.replaceAll(/^skyanchor warn: .*\n/gm, '').replaceAll(/\(node:\d+\)/g, '');
    expect(errors(site)).toBe(errors(bare));
    const lastLine = ({ app }: Site) => app.stdout.trimEnd().split('\n').at(-1);
    expect(lastLine(site)).toBe(lastLine(bare));
  });
});
