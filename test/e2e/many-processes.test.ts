import path from 'node:path';
import type { Status } from '../../src/api/status';
import type { App } from '../support/app';
import { Site } from '../support/agent-fleet';
import { until } from '../support/until';

const HELLO = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'hello.js');
const FOUR = ['orders', 'orders-2', 'orders-3', 'orders-4'];

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let site: Site;

beforeEach(async () => {
  site = await Site.open();
});

afterEach(() => site.close());

const start = (): App => site.start(HELLO, { args: ['--skyanchor-instance-name=orders'] });

const once = (ids: readonly string[]): string[] => ids.flatMap((id) => [`running ${id}`, `done ${id}`]);

const lastAnswer = ({ last }: Status['commands']): string => last.map(({ id, state }) => `${state} ${id}`).at(-1) ?? '';

const haveAnswered = (instances: readonly string[], answer: string) =>
  until(
    () => instances.filter((instance) => !site.answers(instance).includes(answer)),
    ({ length }) => length === 0,
    { timeoutMs: 15_000 },
  );

describe('four processes that share one command file', () => {
  it('each do every command of a queue once, in its order', async () => {
    for (let count = 0; count < FOUR.length; count++) start();
    await site.registered(FOUR);
    const queue = ['reset id=a', 'report id=b', 'log-level info id=c', 'pause id=d', 'resume id=e', 'reset id=f'];
    for (const command of queue) await site.operator.append(command);
    // Five at once, then one in a second: what is over waits its turn.
    await haveAnswered(FOUR, 'done f');
    for (const instance of FOUR)
      expect([instance, ...site.answers(instance)]).toEqual([instance, ...once(['a', 'b', 'c', 'd', 'e', 'f'])]);

    // The command file has the answer first, the status file a moment later.
    const after = await until(
      () => Object.values(site.statuses()),
      (all) =>
        all.length === FOUR.length &&
        all.every(
          ({ registration, commands }) =>
            registration.phase === 'registered' && registration.epoch === 3 && lastAnswer(commands) === 'done f',
        ),
    );
    const instanceIds = new Set(after.map(({ registration }) => registration.instanceId));
    expect(instanceIds.size).toBe(FOUR.length);
  });

  it('answer for themselves alone when one of them is killed in the middle', async () => {
    const apps = FOUR.map(() => start());
    const before = await site.registered(FOUR);
    const victim = apps.find(({ pid }) => pid === before['orders-3']?.pid)!;
    const others = FOUR.filter((name) => name !== 'orders-3');
    await site.collector.restart(async () => {
      await site.operator.append('reset id=a');
      await until(() => site.answers('orders-3').includes('running a'));
      await victim.kill('SIGKILL');
      await site.operator.append('report id=b');
    });
    await haveAnswered(others, 'done b');
    for (const instance of others)
      expect([instance, ...site.answers(instance)]).toEqual([instance, ...once(['a', 'b'])]);
    expect(site.answers('orders-3')).toEqual(['running a']);

    start();
    await haveAnswered(['orders-3'], 'done a');
    await site.operator.append('report id=c');
    await haveAnswered(FOUR, 'done c');
    for (const instance of others) expect(site.answers(instance)).toEqual(once(['a', 'b', 'c']));
    // It has finished what it had begun; what the others answered meanwhile was history when it came.
    expect(site.answers('orders-3')).toEqual(once(['a', 'c']));
  });
});
