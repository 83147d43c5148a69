import { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock';
import { slowClock } from '../support/slow-clock';
import { until } from '../support/until';
import { CommandFileFixture } from './command-file-fixture';

let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(() => fixture.clear());

const RAN = ['running', 'done'];
const HOUR = 3_600_000;

describe('a target', () => {
  it('that matches this instance runs, and one that does not is ignored', async () => {
    const channel = await fixture.watchReady();
    await fixture.type('echo "report @payment-*" > $F; echo "pause @orders-[2-9]" >> $F; echo "reset @orders-?" >> $F');
    await fixture.untilStates(RAN);
    expect(fixture.ran).toEqual(['reset']);
    await until(() => channel.status().last[0]?.state === 'done');
    expect(channel.status().last).toHaveLength(1);
  });

  it('is for several instances on one file, each of which answers for itself', async () => {
    await fixture.watchReady();
    await fixture.watchReady({ instanceName: 'orders-2' });
    await fixture.type('echo "reset @orders-*" > $F');
    await until(() => fixture.stamps.length === 4);
    expect(fixture.statesOf('orders-1')).toEqual(RAN);
    expect(fixture.statesOf('orders-2')).toEqual(RAN);
  });
});

describe('an id', () => {
  it('makes a command run once, however often it is given', async () => {
    const channel = await fixture.watchReady();
    await fixture.type('echo "reset id=chg-1" > $F');
    await fixture.untilStates(RAN);
    expect(fixture.stamps.map(({ id }) => id)).toEqual(['chg-1', 'chg-1']);
    await fixture.type('echo "reset id=chg-1" >> $F');
    await fixture.untilStates([...RAN, 'duplicate']);
    await fixture.type('echo "reset id=chg-1" > $F');
    await fixture.untilStates(['duplicate']);
    await fixture.type('echo "reset id=chg-2" > $F');
    await fixture.untilStates(RAN);
    expect(fixture.ran).toHaveLength(2);
    await until(() => channel.status().last.at(-1)?.state === 'done');
    expect(channel.status().last.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'chg-1 done',
      'chg-1 duplicate',
      'chg-1 duplicate',
      'chg-2 done',
    ]);
  });

  it('that was rejected may come again', async () => {
    await fixture.watchReady();
    await fixture.type('echo "reset id=chg-1 id=chg-1" > $F');
    await fixture.untilStates(['rejected']);
    await fixture.type('echo "reset id=chg-1" > $F');
    await fixture.untilStates(RAN);
  });
});

describe('a term', () => {
  const old = (minutes: number): void => {
    const time = Date.now() / 1_000 - 60 * minutes;
    utimesSync(fixture.file, time, time);
  };

  it('that is over is answered with expired, and one that is not with a run', async () => {
    writeFileSync(fixture.file, 'reset expires=10m\nreport expires=1h\n');
    old(20);
    fixture.watch();
    await fixture.untilStates(['expired', ...RAN]);
    expect(fixture.ran).toEqual(['report']);
  });

  it('does not end a command from a file of the future', async () => {
    writeFileSync(fixture.file, 'reset expires=10m\n');
    old(-60);
    fixture.watch();
    await fixture.untilStates(RAN);
  });

  it.each([HOUR, -HOUR])('counts by the clock of the file system, ours being off by %i', async (offMs) => {
    const clock = { ...systemClock, now: () => systemClock.now() + offMs };
    await fixture.watchReady({ clock, fileNow: () => systemClock.now() });
    await fixture.type('echo "reset expires=10m" > $F');
    await fixture.untilStates(RAN);
    expect(Math.abs(Date.parse(fixture.stamps[0]!.time) - Date.now())).toBeLessThan(60_000);
  });
});

describe('a handler', () => {
  it('gets what was written and has its answer in the stamp and the status', async () => {
    fixture.addVerb({
      name: 'log-level',
      args: [{ name: 'level', values: ['off', 'debug'] }],
      options: { for: {} },
      before: () => 'level=off',
      run: ({ args }) => Promise.resolve(`level=off->${args[0]} !#\nreset`),
    });
    const channel = await fixture.watchReady();
    await fixture.type('echo "log-level for=10m debug @orders-1" > $F');
    await fixture.untilStates(RAN);
    expect(fixture.calls[0]).toMatchObject({
      verb: 'log-level',
      args: ['debug'],
      options: { for: '10m' },
      when: 'now',
    });
    expect(fixture.stamps[0]?.detail).toBe('level=off');
    expect(fixture.stamps[1]?.detail).toMatch(/^level=off->debug ! # reset took=\d+ms$/);
    await until(() => channel.status().last[0]?.state === 'done');
    expect(channel.status().last).toMatchObject([
      { verb: 'log-level', state: 'done', detail: 'level=off->debug ! # reset' },
    ]);
  });

  it('is called when the file has its running stamp, and not before', async () => {
    const found: string[][] = [];
    fixture.addVerb({ name: 'peek', run: () => void found.push(fixture.statesOf()) });
    await fixture.watchReady();
    await fixture.type('echo peek > $F');
    await fixture.untilStates(RAN);
    expect(found).toEqual([['running']]);
  });

  it('that throws, at once or later, has failed, and the next command is run', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    fixture.addVerb({ name: 'throw', run: boom, before: boom });
    fixture.addVerb({ name: 'reject', run: () => Promise.reject(new Error('later')) });
    await fixture.watchReady();
    await fixture.type('printf "throw\\nreject\\nreset\\n" > $F');
    await fixture.untilStates(['running', 'failed', 'running', 'failed', ...RAN]);
    expect(fixture.stamps[1]?.detail).toBe('boom');
    expect(fixture.stamps[3]?.detail).toBe('later');
  });

  it('that hangs has failed by timeout, and the next command is run', async () => {
    fixture.addVerb({ name: 'hang', timeoutMs: 200, run: () => new Promise<void>(() => undefined) });
    await fixture.watchReady();
    await fixture.type('printf "hang\\nreset\\n" > $F');
    await fixture.untilStates(['running', 'failed', ...RAN]);
    expect(fixture.stamps[1]?.detail).toBe('timeout');
  });

  it('is never called with arguments that do not fit, and the answer names the expected ones', async () => {
    fixture.addVerb({ name: 'level', args: [{ name: 'level', values: ['off'] }] });
    await fixture.watchReady();
    await fixture.type('printf "level\\nlevel on\\nlevel off x=y\\n" > $F');
    await fixture.untilStates(['rejected', 'rejected', 'rejected']);
    expect(fixture.stamps.map(({ detail }) => detail)).toEqual([
      'level: argument level is missing, expected <level>',
      'level: argument level: expected one of off',
      'level: unknown option x, expected none',
    ]);
    expect(fixture.ran).toEqual([]);
  });

  it('sees commands one after the other, five at once and then one a second', async () => {
    // By its clock a second is so long that a busy machine takes none for a command.
    const clock = slowClock(3);
    let running = 0;
    let most = 0;
    const began: number[] = [];
    for (let at = 0; at < 7; at++) {
      fixture.addVerb({
        name: `v${at}`,
        run: async () => {
          began.push(clock.elapsed());
          most = Math.max(most, ++running);
          await sleep(10);
          running--;
        },
      });
    }
    await fixture.watchReady({ clock });
    await fixture.type('printf "v0\\nv1\\nv2\\nv3\\nv4\\nv5\\nv6\\n" > $F');
    await fixture.untilRan(7);
    expect(began.at(-1)! - began[0]!).toBeGreaterThan(1_800);
    // Each by itself: a busy machine takes its time for five, and a pause is a second less what those before it took.
    const pauses = began.slice(1, 5).map((time, at) => time - began[at]!);
    expect(Math.max(...pauses)).toBeLessThan(700);
    expect(most).toBe(1);
    expect(fixture.ran).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
  });
});

describe('a file that has grown beyond 256 KiB', () => {
  const stamps = (bytes: number): string =>
    '#! 2026-11-21T21:18:39.120Z orders-7 running aaaaaa cmd=0123456789ab !#\n'.repeat(Math.ceil(bytes / 72));

  it('is called full once and written no more, until it is emptied', async () => {
    writeFileSync(fixture.file, stamps(257 * 1024));
    const channel = await fixture.watchReady();
    await until(() => fixture.statesOf().length === 1);
    const { id, detail } = fixture.stamps.at(-1)!;
    expect([id, detail]).toEqual(['-', 'answers are in the status file until this file is emptied']);
    await fixture.type('echo reset >> $F; echo bogus= >> $F');
    await until(() => channel.status().last.length === 2 && channel.status().last[0]?.state === 'done');
    expect(channel.status().last[1]?.state).toBe('rejected');
    appendFileSync(fixture.file, '# later\n');
    await fixture.looked();
    expect(fixture.statesOf()).toEqual(['full']);
    expect(fixture.ran).toEqual(['reset']);
    await fixture.type('echo reset > $F');
    await fixture.untilStates(RAN);
    expect(fixture.ran).toEqual(['reset', 'reset']);
  });

  it('still gets the result of a command that began in it', async () => {
    let end: () => void = () => undefined;
    fixture.addVerb({ name: 'slow', run: () => new Promise<void>((resolve) => (end = resolve)) });
    await fixture.watchReady();
    await fixture.type('echo slow > $F');
    await fixture.untilRan(1);
    appendFileSync(fixture.file, stamps(257 * 1024));
    end();
    await fixture.untilStates(['running', 'done', 'full']);
  });
});

describe('a channel that stops', () => {
  /** By then whoever else listens has heard it as well. */
  async function untilAnswered(instance: string): Promise<void> {
    await until(() => JSON.stringify(fixture.statesOf(instance)) === JSON.stringify(RAN));
    await fixture.looked();
  }

  it('is off, hears nothing any more, and can be stopped again', async () => {
    const channel = await fixture.watchReady();
    await channel.stop();
    await channel.stop();
    expect(channel.status().watching).toBe('off');
    await fixture.watchReady({ instanceName: 'orders-2' });
    await fixture.type('echo reset > $F');
    await untilAnswered('orders-2');
    expect(fixture.statesOf('orders-1')).toEqual([]);
  });

  it('still writes the result of a command that has ended', async () => {
    let stopped: Promise<void> | undefined;
    const stop = (): void => {
      stopped = channel.stop();
    };
    fixture.addVerb({ name: 'bye', run: () => void setImmediate(stop) });
    const channel = await fixture.watchReady();
    await fixture.type('echo bye > $F');
    await until(() => stopped !== undefined);
    await stopped;
    expect(fixture.statesOf()).toEqual(RAN);
  });

  it('before it has looked once looks no more', async () => {
    writeFileSync(fixture.file, 'reset\n');
    await fixture.watch().stop();
    fixture.watch({ instanceName: 'orders-2' });
    await untilAnswered('orders-2');
    expect(fixture.statesOf('orders-1')).toEqual([]);
    expect(fixture.ran).toEqual(['reset']);
  });
});
