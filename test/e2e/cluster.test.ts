import path from 'node:path';
import type { Status } from '../../src/api/status';
import { REGISTER, startApp, type App, type AppOptions } from '../support/app';
import { Site } from '../support/agent-fleet';
import { until } from '../support/until';

const fixture = (name: string) => path.join(__dirname, '..', '..', 'fixtures', 'apps', name);
const WORKERS = 4;
const FLAG = '--skyanchor-instance-name=orders';
/** The primary is traced as well. */
const FIVE = ['orders', 'orders-2', 'orders-3', 'orders-4', 'orders-5'];

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let site: Site;

beforeEach(async () => {
  site = await Site.open();
});

afterEach(() => site.close());

function traced(app: string, { args = [], env = {} }: AppOptions = {}): App {
  return startApp(fixture(app), {
    nodeFlags: ['--require', REGISTER],
    args: [...args, FLAG],
    env: { SW_AGENT_NAME: 'orders', SW_AGENT_COLLECTOR_BACKEND_SERVICES: site.collector.address, ...env },
  });
}

const withFile = () => ({ SW_AGENT_COMMAND_FILE: site.operator.commandFile });

const pidsOf = (found: Readonly<Record<string, Status>>) =>
  Object.fromEntries(Object.entries(found).map(([name, { pid }]) => [name, pid]));

const namesAtBackend = (): string[] =>
  site.collector
    .instances()
    .map(({ uuid }) => uuid)
    .sort();

describe('a cluster whose primary was given a name by flag, with a status file', () => {
  it('gives every process a name of its own, and a worker that replaces a killed one the name that is free', async () => {
    const primary = traced('crowd.js', { args: [String(WORKERS)], env: withFile() });
    let before = await site.registered(FIVE);
    expect(new Set(Object.values(pidsOf(before))).size).toBe(FIVE.length);
    expect(Object.values(before).map(({ instanceNameFrom }) => instanceNameFrom)).toEqual(FIVE.map(() => 'flag'));
    expect(Object.values(pidsOf(before))).toContain(primary.pid);
    expect(namesAtBackend()).toEqual(FIVE);
    const ids = site.collector.instances().map(({ id, uuid }) => [id, uuid]);

    const workers = FIVE.filter((name) => before[name]?.pid !== primary.pid);
    const rounds = [[workers[0]!], [workers[2]!], [workers[1]!, workers[3]!]];
    for (const victims of rounds) {
      const old = pidsOf(before);
      for (const name of victims) process.kill(old[name]!, 'SIGKILL');
      before = await site.registered(FIVE, (found) => victims.every((name) => found[name]?.pid !== old[name]));
      const now = pidsOf(before);
      expect(Object.keys(now).filter((name) => now[name] !== old[name])).toEqual([...victims].sort());
      expect(new Set(Object.values(now)).size).toBe(FIVE.length);
    }
    // Under its name the backend knows the newcomer by the id of the one before.
    expect(site.collector.instances().map(({ id, uuid }) => [id, uuid])).toEqual(ids);
  });
});

describe('a cluster whose primary was given a name by flag, without a status file', () => {
  it('numbers its workers as cluster does, which gives no number out twice', async () => {
    traced('crowd.js', { args: [String(WORKERS)] });
    await until(namesAtBackend, ({ length }) => length === FIVE.length);
    expect(namesAtBackend()).toEqual(FIVE);

    for (const round of [1, 2, 3]) {
      const last = `orders-${WORKERS + round}`;
      const { properties } = site.collector.instances().find(({ uuid }) => uuid === last)!;
      process.kill(Number(properties.find(({ key }) => key === 'process_no')?.value), 'SIGKILL');
      await until(namesAtBackend, ({ length }) => length === FIVE.length + round);
      expect(namesAtBackend()).toContain(`orders-${WORKERS + round + 1}`);
    }
  });
});

describe('two plain processes of one name, in two terminals', () => {
  it('get a name each, started at the same moment; who comes later gets what is free', async () => {
    const apps = [1, 2].map(() => traced('hello.js', { env: withFile() }));
    const before = await site.registered(['orders', 'orders-2']);
    expect(Object.values(pidsOf(before)).sort()).toEqual(apps.map(({ pid }) => pid).sort());
    expect(namesAtBackend()).toEqual(['orders', 'orders-2']);

    const first = apps.find(({ pid }) => pid === before['orders']?.pid)!;
    expect(await first.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    const third = traced('hello.js', { env: withFile() });
    const after = await site.registered(['orders', 'orders-2'], (found) => found['orders']?.pid === third.pid);
    expect(after['orders-2']?.pid).toBe(before['orders-2']?.pid);
    expect(namesAtBackend()).toEqual(['orders', 'orders-2']);
  });
});
