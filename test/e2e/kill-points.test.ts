import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { App } from '../support/app';
import { Site } from '../support/agent-fleet';
import { until as untilSoon } from '../support/until';

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');
const HELLO = path.join(APPS, 'hello.js');
const BOOKKEEPER = path.join(APPS, 'bookkeeper.js');
const KILL_AT = path.join(__dirname, '..', 'chaos', 'kill-at.js');

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(90_000);
const PATIENCE = { timeoutMs: 30_000 };

const until = <T>(read: () => T, pleases: (answer: T) => unknown = Boolean): Promise<T> =>
  untilSoon(read, pleases, PATIENCE);

let site: Site;

beforeEach(async () => {
  site = await Site.open();
});

afterEach(() => site.close());

function start(killAt?: string, app = HELLO, env: Readonly<Record<string, string>> = {}): App {
  return site.start(app, {
    nodeFlags: killAt === undefined ? [] : ['--require', KILL_AT],
    args: ['--skyanchor-instance-name=orders-1'],
    env: { ...(killAt !== undefined && { KILL_AT: killAt }), ...env },
  });
}

const registered = (pid: number) => site.registered(['orders-1'], (found) => found['orders-1']?.pid === pid);

const answers = (): string[] => site.answers('orders-1');

const flagsOf = (id: string): string =>
  site.operator
    .stamps()
    .filter((stamp) => stamp.state === 'done' && stamp.id === id)
    .map(({ detail }) => /(at-start|after-restart)$/.exec(detail)?.[0] ?? 'now')
    .join();

/** What every test here comes to: one beginning, one end, one instance, and an agent that listens. */
async function expectConverged(how: string): Promise<void> {
  const { pid } = start();
  await registered(pid);
  await until(answers, (found) => found.includes('done a'));
  await site.operator.append('report id=b');
  await until(answers, (found) => found.includes('done b'));
  // What is done stays done: nothing comes after what was asked for last.
  expect(answers()).toEqual(['running a', 'done a', 'running b', 'done b']);
  expect(flagsOf('a')).toBe(how);

  const { commands, registration } = await until(
    () => site.statuses()['orders-1']!,
    ({ commands: { last } }) => last.some(({ id, state }) => id === 'b' && state === 'done'),
  );
  const ran = commands.last.map(({ id, state }) => `${state} ${id}`);
  expect(ran).toEqual(how === 'now' ? ['done b'] : ['done a', 'done b']);
  // Registered by its start, and the reset was fulfilled by that: not once more on top.
  expect(registration).toMatchObject({ phase: 'registered', epoch: 1, reason: 'start' });
  expect(site.collector.instances().map(({ id, uuid }) => `${id} ${uuid}`)).toEqual([
    `${registration.instanceId} orders-1`,
  ]);
  for (const line of readFileSync(site.operator.commandFile, 'utf8').split('\n'))
    expect(line).toMatch(/^(reset id=a|report id=b|#! \S+Z orders-1 (running|done) [ab] .*!#|)$/);
  // Nothing half written is left lying about.
  await until(
    () => readdirSync(path.dirname(site.operator.commandFile)).sort(),
    (names) => names.join() === 'skyanchor.command,skyanchor.command.status.json',
  );
}

/** By itself, at the very step: [the step, what the file says at that moment, how the reset comes to its end]. */
const STEPS = [
  ['before append running', [], 'at-start'],
  ['after append running', ['running a'], 'after-restart'],
  ['before status running', ['running a'], 'after-restart'],
  ['after status running', ['running a'], 'after-restart'],
  ['before append done', ['running a'], 'after-restart'],
  ['after append done', ['running a', 'done a'], 'now'],
  ['before status done', ['running a', 'done a'], 'now'],
  ['after status done', ['running a', 'done a'], 'now'],
] as const;

describe('a process that is killed at one step of a reset comes back to a file that tells the truth', () => {
  it.each(STEPS)('%s', async (step, said, how) => {
    const victim = start(step);
    await registered(victim.pid);
    // A reset that is over at once would leave no time for the status of its beginning.
    if (step.endsWith('running')) site.collector.faults.add({ method: 'doServiceRegister', fault: { type: 'hang' } });
    await site.operator.append('reset id=a');
    expect(await until(() => victim.end)).toEqual({ code: null, signal: 'SIGKILL' });
    site.collector.faults.clear();
    expect(answers()).toEqual(said);
    await expectConverged(how);
  });

  it('while it stands still and has not seen the command yet', async () => {
    const victim = start();
    await registered(victim.pid);
    process.kill(victim.pid, 'SIGSTOP');
    await site.operator.append('reset id=a');
    await victim.kill('SIGKILL');
    expect(answers()).toEqual([]);
    await expectConverged('at-start');
  });

  it('with its ids forgotten and the backend down', async () => {
    const victim = start();
    await registered(victim.pid);
    await site.collector.wipe(async () => {
      await site.operator.append('reset id=a');
      await until(
        () => site.statuses()['orders-1'],
        (status) => status?.registration.phase === 'unregistered',
      );
      await victim.kill('SIGKILL');
    });
    expect(answers()).toEqual(['running a']);
    await expectConverged('after-restart');
  });

  it('with a service id and no instance id', async () => {
    const victim = start();
    await registered(victim.pid);
    site.collector.faults.add({ method: 'doServiceInstanceRegister', fault: { type: 'hang' } });
    await site.operator.append('reset id=a');
    await until(
      () => site.statuses()['orders-1'],
      (status) => status?.registration.phase === 'service-known',
    );
    await victim.kill('SIGKILL');
    site.collector.faults.clear();
    expect(answers()).toEqual(['running a']);
    await expectConverged('after-restart');
  });
});

/**
 * [the step, what the file says at that moment, what it says in the end and how often the work was begun: of a command
 * that must not be done twice, and of one that may be].
 */
const WORK = [
  ['before append running', [], ['running a', 'done a'], 1, ['running a', 'done a'], 1],
  ['after append running', ['running a'], ['running a', 'failed a'], 0, ['running a', 'done a'], 1],
  ['after status running', ['running a'], ['running a', 'failed a'], 1, ['running a', 'done a'], 2],
  ['before append done', ['running a'], ['running a', 'failed a'], 1, ['running a', 'done a'], 2],
  ['after append done', ['running a', 'done a'], ['running a', 'done a'], 1, ['running a', 'done a'], 1],
  ['before status done', ['running a', 'done a'], ['running a', 'done a'], 1, ['running a', 'done a'], 1],
] as const;

const BEGUN = WORK.filter(([, said]) => said.length === 1);

/** What the file tells of a command that was begun by a process that is no more. */
const AFTER_RESTART = /^(interrupted|booked rent took=\d+ms after-restart)$/;

describe('a process that is killed at one step of an application’s command', () => {
  /** @returns how often it was begun, in all */
  async function killedAndBack(
    step: string,
    said: readonly string[],
    comesTo: readonly string[],
    isIdempotent: boolean,
  ) {
    const ledger = path.join(path.dirname(site.operator.commandFile), 'ledger');
    writeFileSync(ledger, '');
    const env = { LEDGER: ledger, IS_IDEMPOTENT: isIdempotent ? 'yes' : 'no' };
    const victim = start(step, BOOKKEEPER, env);
    await registered(victim.pid);
    await site.operator.append('book rent id=a');
    expect(await until(() => victim.end)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(answers()).toEqual(said);
    const { pid } = start(undefined, BOOKKEEPER, env);
    await registered(pid);
    await until(answers, (found) => found.length >= comesTo.length);
    await site.operator.append('report id=b');
    await until(answers, (found) => found.includes('done b'));
    expect(answers()).toEqual([...comesTo, 'running b', 'done b']);
    const isBroughtToEnd = said.length === 1;
    const end = site.operator.stamps().find(({ state, id }) => id === 'a' && state !== 'running');
    expect(AFTER_RESTART.test(end?.detail ?? '')).toBe(isBroughtToEnd);
    return readFileSync(ledger, 'utf8').split('\n').length - 1;
  }

  it.each(WORK)(
    'that must not be done twice, %s, comes back and begins it at most once',
    async (step, said, end, times) => {
      expect(await killedAndBack(step, said, end, false)).toBe(times);
    },
  );

  it.each(BEGUN)(
    'that may be done twice, %s, comes back and brings it to an end',
    async (step, said, _, __, end, times) => {
      expect(await killedAndBack(step, said, end, true)).toBe(times);
    },
  );
});
