import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../support/until';
import { TestAgent } from './client';
import { V3TestAgent } from './v3-client';

const LOADER = path.join(__dirname, '..', 'support', 'typescript.js');
const MAIN = path.join(__dirname, 'child', 'collector.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-cli-'));

interface Run {
  readonly child: ChildProcess;
  readonly text: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
}

const runs: Run[] = [];

function start(...args: readonly string[]): Run {
  const child = spawn(process.execPath, ['--require', LOADER, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  const run = { child, text, ended: once(child, 'close').then(([code]) => code as number | null) };
  runs.push(run);
  return run;
}

const ready = async ({ text }: Run): Promise<string> =>
  until(
    () => text.stdout,
    (stdout) => stdout.endsWith('\n'),
  );

const addressIn = (line: string): string => /listening on ([\d.:]+)/.exec(line)![1]!;

afterEach(async () => {
  for (const { child } of runs) child.kill('SIGKILL');
  await Promise.all(runs.map(({ ended }) => ended));
  runs.length = 0;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(['SIGTERM', 'SIGINT'] as const)('says in one line where it listens, and ends with 0 on %s', async (signal) => {
  const run = start('--port', '0', '--http-port=0', '--nodes', '2');
  const line = await ready(run);
  expect(line).toMatch(
    /^listening on 127\.0\.0\.1:\d+,127\.0\.0\.1:\d+ \(protocol v2, storage memory\), lists: http:\/\/127\.0\.0\.1:\d+\/\n$/,
  );
  const agent = new TestAgent(addressIn(line));
  expect((await agent.ping(99, 'one')).value['commands']).toHaveLength(1);
  agent.close();
  const lists = await fetch(/http:\S+/.exec(line)![0]);
  expect(await lists.json()).toMatchObject({ heartbeats: [{ instanceId: 99 }] });
  run.child.kill(signal);
  expect(await run.ended).toBe(0);
  expect(run.text).toEqual({ stdout: line, stderr: '' });
});

it.each(['v3', 'v3-unpackaged'] as const)(
  'speaks %s where that is asked for, and lists what came',
  async (protocol) => {
    const run = start('--port=0', '--http-port=0', '--protocol', protocol);
    const line = await ready(run);
    expect(line).toContain(`(protocol ${protocol}, storage memory)`);
    const agent = new V3TestAgent(addressIn(line), {}, protocol === 'v3' ? 'skywalking.v3.' : '');
    expect((await agent.report('orders', 'orders-1', { hostname: 'web-1' })).status).toBe('OK');
    agent.close();
    const lists = await fetch(/http:\S+/.exec(line)![0]);
    expect(await lists.json()).toMatchObject({
      protocol,
      instances: [{ uuid: 'orders-1', properties: [{ key: 'hostname', value: 'web-1' }] }],
    });
  },
);

it('keeps the ids of a storage in a directory over a kill', async () => {
  const storage = path.join(folder, 'made', 'if', 'missing');
  const args = ['--port', '0', '--http-port', '0', '--storage', storage];
  const first = start(...args);
  const before = new TestAgent(addressIn(await ready(first)));
  const ids = [await before.serviceId('a'), await before.serviceId('b')];
  first.child.kill('SIGKILL');
  await first.ended;
  before.close();
  expect(existsSync(storage)).toBe(true);

  const second = start(...args);
  const after = new TestAgent(addressIn(await ready(second)));
  expect([await after.serviceId('a'), await after.serviceId('b'), await after.serviceId('c')]).toEqual([...ids, 4]);
  after.close();
});

it.each([
  [['--protocol', 'v1'], '--protocol v1: expected one of v2, v3, v3-unpackaged'],
  [['--nodes', 'many'], '--nodes many: expected a whole number, 1 to 16'],
  [['--http-port', '1e3'], '--http-port 1e3: expected a port, 0 to 65535'],
  [['--speed', '9'], "Unknown option '--speed'"],
  [['somewhere'], "Unexpected argument 'somewhere'"],
])('takes %j for wrong usage', async (args, words) => {
  const run = start('--port', '0', ...args);
  expect(await run.ended).toBe(2);
  expect(run.text.stderr).toContain(`skyanchor collector: ${words}`);
  expect(run.text.stdout).toBe('');
});

it('says that a port is taken, and ends with 1', async () => {
  const first = start('--port', '0', '--http-port', '0');
  const port = addressIn(await ready(first)).split(':')[1]!;
  const second = start('--port', port, '--http-port', '0');
  expect(await second.ended).toBe(1);
  expect(second.text.stderr).toMatch(new RegExp(`^skyanchor collector: cannot listen on 127.0.0.1:${port}: .*\n$`));
});

it('tells how it is used', async () => {
  const run = start('--help');
  expect(await run.ended).toBe(0);
  expect(run.text.stdout).toContain('collector [--port 11800] [--http-port 12800] [--protocol v2|v3|v3-unpackaged]');
});
