import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock, type Clock } from '../../src/base/clock';
import { status } from '../../src/cli/status/status';
import { CliFixture } from './cli-fixture';
import { cli, startCli } from './cli';
import { until } from '../support/until';

let fixture: CliFixture;
beforeEach(() => (fixture = new CliFixture()));
afterEach(() => fixture.clear());

const call = (...args: string[]): Promise<number> => status(['--file', fixture.commandFile, ...args]);
const cells = (): string[][] => fixture.output.map((row) => row.split(/ {2,}/));

const AT = '2026-11-21T21:20:00.000Z';
/** Stands still. */
const clock: Clock = { ...systemClock, now: () => Date.parse(AT) };

describe('skyanchor status', () => {
  it('shows a row for each instance, sorted, and exits with 0 when all are registered', async () => {
    fixture.agent('orders-2', { updatedAt: AT });
    fixture.agent('orders', {
      updatedAt: AT,
      last: [{ id: 'a', verb: 'reset', state: 'done', at: '2026-11-21T21:00:00.000Z', detail: '' }],
    });
    expect(await status(['--file', fixture.commandFile], clock)).toBe(0);
    const pid = String(process.pid);
    const same = ['orders', pid, 'registered', '3/7', '127.0.0.1:11800', '80s', '880', '1'];
    expect(cells()).toEqual([
      ['INSTANCE', 'SERVICE', 'PID', 'PHASE', 'IDS', 'BACKEND', 'HEARTBEAT', 'SENT', 'DROPPED', 'LAST COMMAND'],
      ['orders', ...same, 'reset done 20m'],
      ['orders-2', ...same, '-'],
    ]);
  });

  it('prints numbers in the format of OpenMetrics', async () => {
    fixture.agent('orders', {
      registration: { phase: 'registered', epoch: 3 },
      reconnects: 4,
      segments: { accepted: 900, sent: 880, dropped: 1, droppedBecause: { refused: 1 } },
    });
    fixture.agent('a"b', { phase: 'unregistered' });
    expect(await call('--format', 'openmetrics')).toBe(1);
    expect(fixture.output).toEqual(
      expect.arrayContaining([
        '# TYPE skyanchor_segments_sent counter',
        'skyanchor_segments_sent_total{service="orders",instance="orders"} 880',
        'skyanchor_segments_dropped_total{service="orders",instance="orders",reason="refused"} 1',
        'skyanchor_registered{service="orders",instance="orders"} 1',
        'skyanchor_registrations_total{service="orders",instance="orders"} 3',
        'skyanchor_resets_total{service="orders",instance="orders"} 2',
        '# TYPE skyanchor_reconnects counter',
        'skyanchor_reconnects_total{service="orders",instance="orders"} 4',
        'skyanchor_registered{service="orders",instance="a\\"b"} 0',
      ]),
    );
    // What an entry does not tell is left out.
    expect(fixture.output.filter((line) => /^skyanchor_(resets|reconnects)/.test(line))).toHaveLength(2);
    expect(fixture.output.at(-1)).toBe('# EOF');
  });

  it('prints no more reasons of drops than an agent has, and none that are a text or a list', async () => {
    const reasons = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`reason-${at}`, at]));
    const hostile = { many: reasons, text: 'x'.repeat(100), list: Array.from({ length: 100 }, () => 1) };
    for (const [name, droppedBecause] of Object.entries(hostile)) fixture.agent(name, { segments: { droppedBecause } });
    await call('--format', 'openmetrics');
    const lines = fixture.output.filter((line) => line.startsWith('skyanchor_segments_dropped_total'));
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)).toContain('instance="many",reason="reason-19"} 19');
  });

  it.each([[['--format', 'xml']], [['--format', 'openmetrics', '--watch']]])('is used wrongly: %j', async (args) => {
    expect(await call(...args)).toBe(2);
  });

  it('prints the same JSON by --format json as by --json', async () => {
    fixture.agent('orders');
    await call('--json');
    const byJson = fixture.stdout;
    fixture.stdout = '';
    await call('--format', 'json');
    expect(fixture.stdout).toBe(byJson);
  });

  it('exits with 1 when one is not registered', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2', { phase: 'service-known', heartbeat: { failures: 4, lastOkAt: null }, backend: null });
    expect(await call()).toBe(1);
    expect(cells()[2]).toEqual(expect.arrayContaining(['service-known', 'fails 4x']));
  });

  it('shows below the table what is wrong, and with which instance', async () => {
    fixture.agent('a', {
      registration: { phase: 'unregistered', since: '2026-11-21T21:17:00.000Z' },
      heartbeat: { failures: 4, lastError: 'connect ECONNREFUSED 127.0.0.1:11800' },
    });
    fixture.agent('b', { commands: { file: '/run/b', fault: 'is not valid UTF-8', last: [] } });
    const failed = { id: '3f9a07', verb: 'reset', state: 'failed', at: '2026-11-21T21:18:00.000Z', detail: 'timeout' };
    fixture.agent('c', { last: [failed] });
    fixture.agent('d', { last: [failed, { ...failed, state: 'done' }] });
    fixture.agent('e', { pid: 4_190_000, updatedAt: '2026-11-21T21:19:50.000Z' });
    expect(await status(['--file', fixture.commandFile], clock)).toBe(1);
    expect(fixture.output.slice(5)).toEqual([
      'a is unregistered for 3m: connect ECONNREFUSED 127.0.0.1:11800',
      'b refuses /run/b: it is not valid UTF-8',
      'c: reset 3f9a07 failed 2m ago: timeout',
      'e is dead: process 4190000, last heard of 10s ago',
    ]);
  });

  it('counts one that speaks v3 as registered when it is connected', async () => {
    fixture.agent('orders', { phase: 'connected' });
    expect(await call()).toBe(0);
  });

  it('names the dead below, and counts them no more', async () => {
    fixture.agent('orders', { pid: 4_190_000 });
    fixture.agent('orders-2');
    fixture.agent('orders-3', { updatedAt: '2020-01-01T00:00:00.000Z' });
    expect(await call()).toBe(0);
    expect(cells().map(([name]) => name)).toEqual([
      'INSTANCE',
      'orders-2',
      expect.stringMatching(/^orders is dead: process 4190000, /),
      expect.stringMatching(/^orders-3 is dead: /),
    ]);
  });

  it.each([
    ['there is no status file', () => undefined],
    ['it is no JSON', () => writeFileSync(fixture.statusFile, '{"version":')],
    ['all are dead', () => fixture.agent('orders', { pid: 4_190_000 })],
  ])('exits with 3 when there is no live instance, since %s', async (_why, prepare) => {
    prepare();
    expect(await call()).toBe(3);
    expect(fixture.stderr).toBe(`skyanchor status: no live instance in ${fixture.statusFile}\n`);
  });

  it('prints the document of the live with --json', async () => {
    fixture.agent('orders');
    fixture.agent('orders-2', { pid: 4_190_000 });
    expect(await call('--json')).toBe(0);
    expect(JSON.parse(fixture.stdout)).toMatchObject({ version: 1, instances: { orders: { service: 'orders' } } });
    expect(Object.keys(JSON.parse(fixture.stdout).instances)).toEqual(['orders']);
  });

  it('shows nothing that would steer the terminal', async () => {
    fixture.agent('a\u001b[2Jb', { service: 'x\u0007y', registration: 7, segments: null, commands: [] });
    expect(await call()).toBe(1);
    expect(cells()[1]?.slice(0, 2)).toEqual(['a?[2Jb', 'x?y']);
  });
});

describe('where no file is named', () => {
  it("is the environment's, with the status file that is configured beside it", async () => {
    fixture.agent('orders');
    const env = { SW_AGENT_COMMAND_FILE: fixture.commandFile };
    expect((await cli(['status'], { env })).stdout).toContain('orders');
    expect(await cli(['status'], { env: { ...env, SW_AGENT_STATUS_FILE: '/nowhere' } })).toMatchObject({ code: 3 });
    const other = { SW_AGENT_COMMAND_FILE: '/other', SW_AGENT_STATUS_FILE: '/nowhere' };
    expect(await cli(['status', '--file', fixture.commandFile], { env: other })).toMatchObject({ code: 0 });
  });
});

describe('skyanchor status --watch', () => {
  it('prints anew whenever something changes, until it is ended', async () => {
    fixture.agent('orders', { phase: 'unregistered' });
    const watching = startCli(['status', '--file', fixture.commandFile, '--watch', '--json']);
    const phases = (): string[] =>
      watching.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).instances.orders.registration.phase);
    await until(phases, (found) => found.length === 1);
    fixture.agent('orders');
    await until(phases, (found) => found.length === 2);
    expect(await watching.kill('SIGINT')).toEqual({ code: null, signal: 'SIGINT' });
    expect(phases()).toEqual(['unregistered', 'registered']);
  });

  it('prints the table below the last one where it is no terminal, and not for a counter or the time', async () => {
    const watching = startCli(['status', '--file', fixture.commandFile, '--watch']);
    const tables = (): string[] => watching.stdout.split(/^\d{4}-\S+Z\n/m).slice(1);
    await until(tables, (found) => found.length === 1);
    expect(tables()[0]).toContain(`no live instance in ${fixture.statusFile}`);
    fixture.agent('orders');
    await until(tables, (found) => found.length === 2);
    fixture.agent('orders', { segments: { sent: 4_000, dropped: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    fixture.agent('orders', { phase: 'unregistered' });
    await until(tables, (found) => found.at(-1)?.includes('unregistered'));
    await watching.kill('SIGTERM');
    expect(tables()).toHaveLength(3);
    expect(watching.stdout).not.toContain('\u001b');
  });

  it('ends when its output is not read any more', async () => {
    fixture.agent('orders');
    const shell = '"$0" "$1" status --file "$2" --watch | head -1';
    const main = path.join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
    const child = spawn('sh', ['-c', shell, process.execPath, main, fixture.commandFile], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // The second print is what meets the closed pipe.
    let phases = 0;
    const changes = setInterval(() => fixture.agent('orders', { phase: `phase-${phases++}` }), 300);
    try {
      expect(await ended).toBe(0);
    } finally {
      clearInterval(changes);
      child.kill();
    }
  });
});
