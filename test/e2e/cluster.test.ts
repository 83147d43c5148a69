import path from 'node:path';
import type { Status } from '../../src/agent/status';
import { startCollector, type Collector } from '../../src/testing';
import { Operator } from '../scenario/operator';
import { endApps, REGISTER, startApp, type App, type AppOptions } from '../support/app';
import { areRegistered, statuses } from '../support/statuses';
import { until } from '../support/until';

const fixture = (name: string) => path.join(__dirname, '..', '..', 'fixtures', 'apps', name);
const WORKERS = 4;
const FLAG = '--skyanchor-instance-name=orders';
/** The primary is traced as well. */
const FIVE = ['orders', 'orders-2', 'orders-3', 'orders-4', 'orders-5'];

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let collector: Collector;
let operator: Operator;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 10 });
  operator = new Operator();
});

afterEach(async () => {
  await endApps();
  await collector.stop();
  operator.leave();
});

function traced(app: string, { args = [], env = {} }: AppOptions = {}): App {
  return startApp(fixture(app), {
    nodeFlags: ['--require', REGISTER],
    args: [...args, FLAG],
    env: { SW_AGENT_NAME: 'orders', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, ...env },
  });
}

const withFile = () => ({ SW_AGENT_COMMAND_FILE: operator.commandFile });

/** Every instance's status, once exactly these are registered. */
function registered(
  names: readonly string[],
  pleases: (found: Readonly<Record<string, Status>>) => boolean = () => true,
): Promise<Readonly<Record<string, Status>>> {
  return until(
    () => statuses(operator.commandFile),
    (found) => areRegistered(found, names) && pleases(found),
  );
}

const pidsOf = (found: Readonly<Record<string, Status>>) =>
  Object.fromEntries(Object.entries(found).map(([name, { pid }]) => [name, pid]));

const namesAtBackend = (): string[] =>
  collector
    .instances()
    .map(({ uuid }) => uuid)
    .sort();

describe('a cluster whose primary was given a name by flag, with a status file', () => {
  it('gives every process a name of its own, and a worker that replaces a killed one the name that is free', async () => {
    const primary = traced('crowd.js', { args: [String(WORKERS)], env: withFile() });
    let before = await registered(FIVE);
    expect(new Set(Object.values(pidsOf(before))).size).toBe(FIVE.length);
    expect(Object.values(before).map(({ instanceNameFrom }) => instanceNameFrom)).toEqual(FIVE.map(() => 'flag'));
    expect(Object.values(pidsOf(before))).toContain(primary.pid);
    expect(namesAtBackend()).toEqual(FIVE);
    const ids = collector.instances().map(({ id, uuid }) => [id, uuid]);

    const workers = FIVE.filter((name) => before[name]?.pid !== primary.pid);
    const rounds = [[workers[0]!], [workers[2]!], [workers[1]!, workers[3]!]];
    for (const victims of rounds) {
      const old = pidsOf(before);
      for (const name of victims) process.kill(old[name]!, 'SIGKILL');
      before = await registered(FIVE, (found) => victims.every((name) => found[name]?.pid !== old[name]));
      const now = pidsOf(before);
      expect(Object.keys(now).filter((name) => now[name] !== old[name])).toEqual([...victims].sort());
      expect(new Set(Object.values(now)).size).toBe(FIVE.length);
    }
    // Under its name the backend knows the newcomer by the id of the one before.
    expect(collector.instances().map(({ id, uuid }) => [id, uuid])).toEqual(ids);
  });
});

describe('a cluster whose primary was given a name by flag, without a status file', () => {
  it('numbers its workers as cluster does, which gives no number out twice', async () => {
    traced('crowd.js', { args: [String(WORKERS)] });
    await until(namesAtBackend, ({ length }) => length === FIVE.length);
    expect(namesAtBackend()).toEqual(FIVE);

    for (const round of [1, 2, 3]) {
      const last = `orders-${WORKERS + round}`;
      const { properties } = collector.instances().find(({ uuid }) => uuid === last)!;
      process.kill(Number(properties.find(({ key }) => key === 'process_no')?.value), 'SIGKILL');
      await until(namesAtBackend, ({ length }) => length === FIVE.length + round);
      expect(namesAtBackend()).toContain(`orders-${WORKERS + round + 1}`);
    }
  });
});

describe('two plain processes of one name, in two terminals', () => {
  it('get a name each, started at the same moment; who comes later gets what is free', async () => {
    const apps = [1, 2].map(() => traced('hello.js', { env: withFile() }));
    const before = await registered(['orders', 'orders-2']);
    expect(Object.values(pidsOf(before)).sort()).toEqual(apps.map(({ pid }) => pid).sort());
    expect(namesAtBackend()).toEqual(['orders', 'orders-2']);

    const first = apps.find(({ pid }) => pid === before['orders']?.pid)!;
    expect(await first.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    const third = traced('hello.js', { env: withFile() });
    const after = await registered(['orders', 'orders-2'], (found) => found['orders']?.pid === third.pid);
    expect(after['orders-2']?.pid).toBe(before['orders-2']?.pid);
    expect(namesAtBackend()).toEqual(['orders', 'orders-2']);
  });
});
