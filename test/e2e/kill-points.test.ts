import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing';
import { Operator } from '../scenario/operator';
import { endApps, REGISTER, startApp, type App } from '../support/app';
import { areRegistered, statuses } from '../support/statuses';
import { until } from '../support/until';

const HELLO = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'hello.js');
const KILL_AT = path.join(__dirname, '..', 'chaos', 'kill-at.js');

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

function start(killAt?: string): App {
  return startApp(HELLO, {
    nodeFlags: [...(killAt === undefined ? [] : ['--require', KILL_AT]), '--require', REGISTER],
    args: ['--skyanchor-instance-name=orders-1'],
    env: {
      SW_AGENT_NAME: 'orders',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
      SW_AGENT_COMMAND_FILE: operator.commandFile,
      ...(killAt !== undefined && { KILL_AT: killAt }),
    },
  });
}

const registered = (pid: number) =>
  until(
    () => statuses(operator.commandFile),
    (found) => areRegistered(found, ['orders-1']) && found['orders-1']?.pid === pid,
  );

const answers = (): string[] => operator.stamps().map(({ state, id }) => `${state} ${id}`);

const flagsOf = (id: string): string =>
  operator
    .stamps()
    .filter((stamp) => stamp.state === 'done' && stamp.id === id)
    .map(({ detail }) => /(at-start|after-restart)$/.exec(detail)?.[0] ?? 'now')
    .join();

/** What every test here comes to: one beginning, one end, one instance, and an agent that listens. */
async function expectConverged(how: string): Promise<void> {
  const { pid } = start();
  await registered(pid);
  await until(answers, (found) => found.includes('done a'));
  await operator.append('report id=b');
  await until(answers, (found) => found.includes('done b'));
  // What is done stays done: nothing comes after what was asked for last.
  expect(answers()).toEqual(['running a', 'done a', 'running b', 'done b']);
  expect(flagsOf('a')).toBe(how);

  const { commands, registration } = await until(
    () => statuses(operator.commandFile)['orders-1']!,
    ({ commands: { last } }) => last.some(({ id, state }) => id === 'b' && state === 'done'),
  );
  const ran = commands.last.map(({ id, state }) => `${state} ${id}`);
  expect(ran).toEqual(how === 'now' ? ['done b'] : ['done a', 'done b']);
  // Registered by its start, and the reset was fulfilled by that: not once more on top.
  expect(registration).toMatchObject({ phase: 'registered', epoch: 1, reason: 'start' });
  expect(collector.instances().map(({ id, uuid }) => `${id} ${uuid}`)).toEqual([`${registration.instanceId} orders-1`]);
  for (const line of readFileSync(operator.commandFile, 'utf8').split('\n'))
    expect(line).toMatch(/^(reset id=a|report id=b|#! \S+Z orders-1 (running|done) [ab] .*!#|)$/);
  // Nothing half written is left lying about.
  await until(
    () => readdirSync(path.dirname(operator.commandFile)).sort(),
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
    if (step.endsWith('running')) collector.faults.add({ method: 'doServiceRegister', fault: { type: 'hang' } });
    await operator.append('reset id=a');
    expect(await until(() => victim.end)).toEqual({ code: null, signal: 'SIGKILL' });
    collector.faults.clear();
    expect(answers()).toEqual(said);
    await expectConverged(how);
  });

  it('while it stands still and has not seen the command yet', async () => {
    const victim = start();
    await registered(victim.pid);
    process.kill(victim.pid, 'SIGSTOP');
    await operator.append('reset id=a');
    await victim.kill('SIGKILL');
    expect(answers()).toEqual([]);
    await expectConverged('at-start');
  });

  it('with its ids forgotten and the backend down', async () => {
    const victim = start();
    await registered(victim.pid);
    await collector.wipe(async () => {
      await operator.append('reset id=a');
      await until(
        () => statuses(operator.commandFile)['orders-1'],
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
    collector.faults.add({ method: 'doServiceInstanceRegister', fault: { type: 'hang' } });
    await operator.append('reset id=a');
    await until(
      () => statuses(operator.commandFile)['orders-1'],
      (status) => status?.registration.phase === 'service-known',
    );
    await victim.kill('SIGKILL');
    collector.faults.clear();
    expect(answers()).toEqual(['running a']);
    await expectConverged('after-restart');
  });
});
