import path from 'node:path';
import type { Stamp } from '../scenario/operator';
import type { App } from '../support/app';
import { Site } from '../support/agent-fleet';
import { until } from '../support/until';

const HELLO = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'hello.js');

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let site: Site;

beforeEach(async () => {
  site = await Site.open();
});

afterEach(() => site.close());

const start = (instance = 'orders-1'): App => site.start(HELLO, { args: [`--skyanchor-instance-name=${instance}`] });

const answers = (instance = 'orders-1'): string[] => site.answers(instance);

const answered = (answer: string, instance = 'orders-1') =>
  until(
    () => answers(instance),
    (found) => found.includes(answer),
  );

const find = (state: string): Stamp | undefined => site.operator.stamps().find((stamp) => stamp.state === state);

describe('a reset that lies in the file when the application starts', () => {
  it('is fulfilled by the registration of the start, and history for whoever starts later', async () => {
    await site.operator.echo('reset');
    const first = start();
    const done = await until(() => find('done'));
    const { registration } = (await site.registered(['orders-1']))['orders-1']!;
    expect(registration).toMatchObject({ epoch: 1, reason: 'start' });
    const { serviceId, instanceId } = registration;
    expect(done!.detail).toMatch(new RegExp(`^service=${serviceId} instance=${instanceId} took=\\d+ms at-start$`));
    expect(site.operator.stamps().map(({ state, id }) => `${state} ${id}`)).toEqual([
      `running ${done!.id}`,
      `done ${done!.id}`,
    ]);

    await first.kill('SIGTERM');
    start();
    start('billing-1');
    await site.registered(['orders-1', 'billing-1']);
    // What comes after it in the file is answered after it.
    await site.operator.append('report id=after');
    await Promise.all([answered('done after'), answered('done after', 'billing-1')]);
    expect(answers()).toEqual([`running ${done!.id}`, `done ${done!.id}`, 'running after', 'done after']);
    expect(answers('billing-1')).toEqual(['running after', 'done after']);
  });
});

describe('a process that is killed between running and done', () => {
  it('finishes the reset when it is started again', async () => {
    const first = start();
    await site.registered(['orders-1']);
    await site.collector.wipe(async () => {
      await site.operator.echo('reset');
      await until(() => find('running'));
      await first.kill('SIGKILL');
    });
    const running = find('running')!;
    expect(find('done')).toBeUndefined();

    start();
    const done = await until(() => find('done'));
    expect(done).toMatchObject({ id: running.id, instance: 'orders-1' });
    const { registration } = (await site.registered(['orders-1']))['orders-1']!;
    const { serviceId, instanceId } = registration;
    expect(done!.detail).toMatch(new RegExp(`^service=${serviceId} instance=${instanceId} took=\\d+ms after-restart$`));
    await site.operator.append('report id=after');
    await answered('done after');
    expect(answers()).toEqual([`running ${running.id}`, `done ${running.id}`, 'running after', 'done after']);
    expect(site.collector.instances().map(({ uuid }) => uuid)).toEqual(['orders-1']);
  });
});

describe('a command with an id', () => {
  it('runs at most once: not when appended again, not when the file is begun anew, not after a restart', async () => {
    const first = start();
    const { registration: before } = (await site.registered(['orders-1']))['orders-1']!;
    await site.operator.echo('reset id=chg-4711');
    await answered('done chg-4711');
    await site.operator.append('reset id=chg-4711');
    await answered('duplicate chg-4711');
    await site.operator.echo('reset id=chg-4711');
    await answered('duplicate chg-4711');
    await site.operator.append('report id=chg-4711');
    await until(answers, (found) => found.length === 2);
    expect(answers()).toEqual(['duplicate chg-4711', 'duplicate chg-4711']);

    await first.kill('SIGKILL');
    start();
    await until(
      () => site.statuses()['orders-1'],
      (status) => status && status.pid !== first.pid,
    );
    await site.operator.append('reset id=chg-4711');
    await until(answers, (found) => found.length === 3);
    await site.operator.append('reset id=chg-4712');
    await answered('done chg-4712');
    expect(answers()).toEqual([...Array<string>(3).fill('duplicate chg-4711'), 'running chg-4712', 'done chg-4712']);
    const { registration } = await until(
      () => site.statuses()['orders-1']!,
      (status) => status.registration.reason === 'command chg-4712' && status.registration.phase === 'registered',
    );
    // One reset before the restart, one after it; the restart began to count anew.
    expect(before.epoch).toBe(1);
    expect(registration.epoch).toBe(2);
  });
});

describe('a command with a target', () => {
  it('is for the instances that the glob matches, and no other answers', async () => {
    start('orders-1');
    start('billing-1');
    await site.registered(['orders-1', 'billing-1']);
    await site.operator.echo('reset id=one @orders-*');
    await answered('done one');
    await site.operator.append('reset id=two @[a-c]*');
    await answered('done two', 'billing-1');
    await site.operator.append('reset id=three @no-instance-?');
    await site.operator.append('report id=all');
    await Promise.all([answered('done all'), answered('done all', 'billing-1')]);
    expect(answers()).toEqual(['running one', 'done one', 'running all', 'done all']);
    expect(answers('billing-1')).toEqual(['running two', 'done two', 'running all', 'done all']);
  });
});

describe('a command that cannot be followed', () => {
  it('is rejected once, with the reason, and what follows it is done', async () => {
    start();
    await site.registered(['orders-1']);
    await site.operator.echo('restart-now id=odd');
    await site.operator.append('log-level loud id=loud');
    await site.operator.append('report id=after');
    await answered('done after');
    expect(answers()).toEqual(['rejected odd', 'rejected loud', 'running after', 'done after']);
    expect(site.operator.stamps()[0]!.detail).toContain('unknown verb restart-now, expected one of');
    expect(site.operator.stamps()[1]!.detail).toContain('log-level: argument level: expected one of off, error,');
    expect(site.statuses()['orders-1']?.registration.epoch).toBe(1);
  });
});
