import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type App, endApps, REGISTER, startApp, type AppOptions } from '../support/app';
import { badBackends, type BadBackend } from '../support/bad-backends';
import { until, untilQuick } from '../support/until';

const fixture = (name: string) => path.join(__dirname, '..', '..', 'fixtures', 'apps', name);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-host-'));
});

afterEach(async () => {
  await endApps();
  rmSync(folder, { recursive: true, force: true });
});

interface TracedOptions extends AppOptions {
  readonly backend: string;
}

function traced(app: string, { backend, env = {}, ...rest }: TracedOptions): App {
  return startApp(fixture(app), {
    cwd: folder,
    nodeFlags: ['--require', REGISTER],
    ...rest,
    env: { SW_AGENT_NAME: 'host', SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend, ...env },
  });
}

/** How long the program took from its last own line to its end. */
function lastMoments(app: App): number {
  const [, ending, exit] = /^ending (\d+)\n(?:.*\n)*?exit (\d+)$/m.exec(app.stdout) ?? [];
  return Number(exit) - Number(ending);
}

describe.each(Object.entries(badBackends))('where a backend should be, %s', (what, open) => {
  let backend: BadBackend;
  const mayDelay = what === 'no listener' ? 100 : 1_100;

  beforeEach(async () => {
    backend = await open();
  });

  afterEach(() => backend.close());

  it('the application serves, ends by itself with its own exit code, and says nothing but a line or two of ours', async () => {
    await untilQuick(async () => {
      const app = traced('ends.js', { backend: backend.address, args: ['exitCode', '600'] });
      expect(await app.ended).toEqual({ code: 5, signal: null });
      const lines = app.stderr.split('\n').filter(Boolean);
      for (const line of lines) expect(line).toMatch(/^skyanchor (warn|error): /);
      expect(lines.length).toBeLessThanOrEqual(3);
      return lastMoments(app);
    }, mayDelay);
  });

  it('nothing is written that was not asked for', async () => {
    const app = traced('ends.js', { backend: backend.address, args: ['naturally'] });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** Without our own lines, and without what differs from run to run: places, and the frames of Node's own timers. */
function ofTheHost(stderr: string): string {
  const isTheHosts = (line: string) => !/^skyanchor warn: |^ +at .*\(node:internal\//.test(line);
  return stderr
    .split('\n')
    .filter(isTheHosts)
    .join('\n')
    .replaceAll(/:\d+:\d+\)?/g, '');
}

describe('an application ends as without us', () => {
  const noBackend = { backend: '127.0.0.1:9' };

  it.each(['naturally', 'process.exit', 'exitCode', 'throw', 'reject', 'SIGTERM', 'SIGINT'])('%s', async (way) => {
    const bare = startApp(fixture('ends.js'), { args: [way], cwd: folder });
    const app = traced('ends.js', { ...noBackend, args: [way] });
    expect(await app.ended).toEqual(await bare.ended);
    expect(ofTheHost(app.stderr)).toBe(ofTheHost(bare.stderr));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s, with a command file configured too', async (signal) => {
    const commandFile = path.join(folder, 'command');
    const app = traced('hello.js', { ...noBackend, env: { SW_AGENT_COMMAND_FILE: commandFile } });
    await app.port();
    await until(() => readdirSync(folder).includes('command.status.json'));
    expect(await app.kill(signal)).toEqual({ code: null, signal });
  });

  it.each([
    ['a backend that cannot be reached', {}],
    ['a configuration that is wrong', { SW_AGENT_PROTOCOL: 'v9' }],
  ])('where its stderr is not read: %s', async (_, env) => {
    const app = traced('ends.js', { ...noBackend, args: ['exitCode', '600'], env, isUnheard: true });
    expect(await app.ended).toEqual({ code: 5, signal: null });
  });

  it('a script of three lines with the agent exits by itself, at once', async () => {
    const app = startApp(fixture('three-lines.js'), {
      cwd: folder,
      env: { SKYANCHOR_ENTRY: path.join(REGISTER, '..', 'index.js') },
    });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(app.stdout).toBe('done\n');
    expect(app.stderr).toBe('');
  });

  it('a process with nothing but the agent in it exits by itself, with a command file as well', async () => {
    const app = startApp(fixture('three-lines.js'), {
      cwd: folder,
      env: {
        SKYANCHOR_ENTRY: path.join(REGISTER, '..', 'index.js'),
        SW_AGENT_COMMAND_FILE: path.join(folder, 'command'),
      },
    });
    expect(await app.ended).toEqual({ code: 0, signal: null });
  });
});

describe('what is wrong with the configuration', () => {
  it('is said on stderr, all of it, and the application runs untraced', async () => {
    const app = traced('ends.js', {
      backend: 'no port here',
      args: ['exitCode', '--skyanchor-protocol=v9'],
      env: { SW_AGENT_SAMPLE_RATE: '2', SW_AGENT_AUTHENTICATION: 'secret\u0007token' },
    });
    expect(await app.ended).toEqual({ code: 5, signal: null });
    expect(app.stderr).toContain('the application runs untraced');
    for (const told of [
      'backends = no port here (environment SW_AGENT_COLLECTOR_BACKEND_SERVICES)',
      'protocol = v9 (flag --skyanchor-protocol)',
      'sampleRate = 2 (environment SW_AGENT_SAMPLE_RATE)',
      'authentication = *** (environment SW_AGENT_AUTHENTICATION)',
    ]) {
      expect(app.stderr).toContain(told);
    }
    expect(app.stderr).not.toContain('secret');
  });
});

describe('a backend that is gone for long', () => {
  it('is complained of now and then, not with every attempt', async () => {
    const app = traced('hello.js', { backend: '127.0.0.1:9' });
    await app.port();
    for (let request = 0; request < 200; request++) await app.visit('/');
    await until(() => app.stderr.includes('skyanchor'));
    expect(app.stderr.split('\n').filter(Boolean).length).toBeLessThanOrEqual(2);
    expect(await app.kill()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});
