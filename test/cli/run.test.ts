import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startApp } from '../support/app';
import { until } from '../support/until';
import { app, cli, startCli } from './cli';

const MIRROR = app('mirror');

interface Mirrored {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly nodeOptions: string;
  readonly isTraced: boolean;
}

const seen = (stdout: string): Mirrored => JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!);

let folder: string;
beforeEach(() => (folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor run ')))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('skyanchor run', () => {
  it('starts the program with the agent in it and hands the flags on by environment', async () => {
    const args = ['--instance-name', 'orders-${pid}', '--command-file=run/c', '--heartbeat-ms=1000', '--log-level=off'];
    const { code, stdout } = await cli(['run', ...args, '--', 'node', MIRROR, 'exit', '0', '--help', '--'], {
      cwd: folder,
      env: { SW_AGENT_INSTANCE: 'overruled', SW_AGENT_NAME: 'kept' },
    });
    expect(code).toBe(0);
    expect(seen(stdout)).toMatchObject({
      args: ['exit', '0', '--help', '--'],
      isTraced: true,
      env: {
        SW_AGENT_INSTANCE_NAME: 'orders-${pid}',
        SW_AGENT_COMMAND_FILE: path.join(folder, 'run/c'),
        SW_AGENT_HEARTBEAT_MS: '1000',
        SW_AGENT_LOGGING_LEVEL: 'off',
        SW_AGENT_NAME: 'kept',
      },
    });
  });

  it('keeps the NODE_OPTIONS that there are', async () => {
    const before = '--max-http-header-size=20000';
    const { stdout } = await cli(['run', '--', 'node', MIRROR], { env: { NODE_OPTIONS: before } });
    expect(seen(stdout).nodeOptions).toMatch(new RegExp(`^${before} --require ".*register\\.js"$`));
  });

  it('starts no agent with --disable', async () => {
    const { stdout } = await cli(['run', '--disable', '--', 'node', MIRROR]);
    expect(seen(stdout)).toMatchObject({ isTraced: false, env: { SW_DISABLE: 'true' } });
  });

  it.each(['with blanks', 'with "quotes"', 'with \\ backslash'])('works from a folder %s in its name', async (name) => {
    mkdirSync(path.join(folder, name));
    const skyanchor = path.join(folder, name, 'skyanchor');
    symlinkSync(path.join(__dirname, '..', '..'), skyanchor);
    const main = path.join(skyanchor, 'dist', 'cli', 'main.js');
    const started = startApp(main, {
      args: ['run', '--', 'node', MIRROR],
      // Otherwise Node goes by where the link leads.
      nodeFlags: ['--preserve-symlinks', '--preserve-symlinks-main'],
    });
    expect(await started.ended).toEqual({ code: 0, signal: null });
    expect(seen(started.stdout).isTraced).toBe(true);
  });

  it('puts the agent into the program that npm starts, and not into npm', async () => {
    const scripts = { start: `node ${JSON.stringify(MIRROR)} exit 3` };
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'shop', scripts }));
    const { code, stdout, stderr } = await cli(['run', '--', 'npm', 'start'], {
      cwd: folder,
      env: { NODE_OPTIONS: `--require ${app('tell-traced')}`, npm_config_update_notifier: 'false' },
    });
    expect(code).toBe(3);
    expect(seen(stdout).isTraced).toBe(true);
    expect(stderr).toContain('mirror.js traced');
    expect(stderr).toMatch(/^npm(-cli\.js)? untraced$/m);
  });

  it('names every bad flag and does not start the program', async () => {
    writeFileSync(path.join(folder, 'c.json'), '{"nonsense": 1}');
    const args = [
      '--protocol=v9',
      '--instance-name',
      '${GONE}',
      '--sample-rate',
      '--frob',
      `--config=${folder}/c.json`,
    ];
    const { code, stdout, stderr } = await cli(['run', ...args, '--', 'node', MIRROR]);
    expect([code, stdout]).toEqual([2, '']);
    for (const fault of [
      'protocol = v9 (flag --protocol): expected auto, v2 or v3',
      'instanceName = ${GONE} (flag --instance-name): expected GONE to be set, or a default: ${GONE:default}',
      'sampleRate =  (flag --sample-rate): expected a value: a number from 0 to 1',
      '--frob =  (flag --frob): expected a flag that exists',
      'nonsense = 1 (file c.json): expected an option that exists',
    ])
      expect(stderr).toContain(`skyanchor run: ${fault}\n`);
  });

  it.each([0, 1, 7, 255])('exits with %d as the program does', async (code) => {
    expect(await cli(['run', '--', 'node', MIRROR, 'exit', String(code)])).toMatchObject({ code, signal: null });
  });

  it.each(['SIGTERM', 'SIGKILL', 'SIGABRT'])('dies by %s as the program does', async (signal) => {
    expect(await cli(['run', '--', 'node', MIRROR, 'die', signal])).toMatchObject({ code: null, signal });
  });

  it('reports a command that it cannot find, and exits with 127', async () => {
    expect(await cli(['run', '--', 'no-such-program'])).toMatchObject({
      code: 127,
      stdout: '',
      stderr: 'skyanchor run: no-such-program: command not found\n',
    });
  });

  it('reports a command that cannot be started, and exits with 126', async () => {
    const { code, stderr } = await cli(['run', '--', MIRROR]);
    expect(code).toBe(126);
    expect(stderr).toContain('EACCES');
  });

  it('passes signals on, each once, and waits for the program to end as it likes', async () => {
    const started = startCli(['run', '--', 'node', MIRROR, 'wait']);
    const lines = (): string[] => started.stdout.trim().split('\n').slice(1);
    await until(lines, (found) => found.includes('waiting'));
    process.kill(started.pid, 'SIGUSR2');
    await until(lines, (found) => found.includes('SIGUSR2'));
    expect(started.end).toBeUndefined();
    expect(await started.kill('SIGINT')).toEqual({ code: 9, signal: null });
    expect(lines()).toEqual(['waiting', 'SIGUSR2', 'SIGINT']);
  });
});
