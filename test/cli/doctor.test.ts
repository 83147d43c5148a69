import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import type { Finding } from '../../src/cli/doctor/report';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing';
import { endApps, REGISTER, startApp } from '../support/app';
import { freePort } from '../support/free-port';
import { statuses } from '../support/statuses';
import { until } from '../support/until';
import { app, cli } from './cli';

interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  /** The texts of what failed. */
  readonly causes: readonly string[];
}

const pem = (name: string): string => path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`);

describe('skyanchor doctor', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-doctor-')));
  writeFileSync(path.join(folder, 'package.json'), '{"name": "orders"}');
  let collector: Collector;

  async function backend(options: CollectorOptions = {}): Promise<void> {
    collector = await startCollector({ protocol: 'v3', httpPort: 0, idDelayMs: 10, ...options });
  }

  async function diagnose(env: Record<string, string>, ...args: string[]): Promise<Diagnosis> {
    const { code, stdout } = await cli(['doctor', '--json', `--query=http://${collector.httpAddress ?? ''}`, ...args], {
      cwd: folder,
      env: { SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, ...env },
    });
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return { code, findings, causes: findings.filter(({ state }) => state === 'failed').map(({ text }) => text) };
  }

  const stateOf = ({ findings }: Diagnosis, check: string) =>
    findings.find((finding) => finding.check === check)?.state;

  afterEach(async () => {
    await endApps();
    await collector.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['v2', 'v3', 'v3-unpackaged'] as const)(
    'finds nothing wrong where all is well, and has a segment accepted: %s',
    async (protocol) => {
      await backend({ protocol });
      const diagnosis = await diagnose({});
      expect(diagnosis).toMatchObject({ code: 0, causes: [] });
      for (const check of ['name', 'TCP', 'TLS', 'token', 'protocol', 'segment', 'clock'])
        expect([check, stateOf(diagnosis, check)]).toEqual([check, 'ok']);
      // One of v2 is shown once the backend has the names in it.
      await until(() => collector.segments().length > 0);
      expect(collector.segments()).toMatchObject([{ service: 'orders' }]);
      expect(collector.instances()).toHaveLength(1);
    },
  );

  it('sends nothing to the default address where a configuration file that may name another does not count', async () => {
    const app = path.join(folder, 'open');
    mkdirSync(app);
    writeFileSync(path.join(app, 'package.json'), '{"name": "orders"}');
    writeFileSync(path.join(app, 'skyanchor.config.json'), '{"backends": "oap:11800"}');
    chmodSync(path.join(app, 'skyanchor.config.json'), 0o666);
    await backend();
    const { code, stdout } = await cli(['doctor', '--json'], { cwd: app });
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    expect(code).toBe(1);
    expect(findings.filter(({ section }) => section.startsWith('backend'))).toEqual([
      {
        section: 'backends',
        check: 'address',
        state: 'failed',
        text: 'nothing is sent: name the file by SW_AGENT_CONFIG_FILE, or the backends by --backends',
      },
    ]);
  });

  it('leaves the spool of the application to the application', async () => {
    await backend();
    expect(await diagnose({ SW_AGENT_SPOOL_DIRECTORY: path.join(folder, 'spool') })).toMatchObject({ code: 0 });
    expect(existsSync(path.join(folder, 'spool'))).toBe(false);
  });

  it('reads what a hostile process has put into the status file, and reports the others', async () => {
    await backend();
    const strange = { toString: null };
    const live = { pid: process.pid, host: hostname(), token: 'f'.repeat(32), updatedAt: new Date().toISOString() };
    const values = { sampleRate: { value: 0, from: strange }, ignorePath: { value: ['*'], from: strange } };
    const hostile = {
      ...live,
      registration: { phase: strange },
      instrumentations: { startedAfterMs: strange, loadedBefore: strange, off: [strange, 'http'] },
      settings: values,
      segments: { accepted: strange, sent: strange, droppedBecause: 'text' },
      commands: { file: strange, fault: 'broken' },
    };
    const good = { ...live, registration: { phase: 'connected' } };
    const counts = { accepted: 1, sent: 0, dropped: 1 };
    const texts = { ...good, segments: { ...counts, droppedBecause: 'text' } };
    const reasons = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`r${at}`, 1]));
    const many = { ...good, segments: { ...counts, droppedBecause: reasons } };
    const instances = { a: hostile, b: good, c: texts, d: many };
    writeFileSync(path.join(folder, 'hostile.command.status.json'), JSON.stringify({ version: 1, instances }));
    const { findings } = await diagnose({}, `--file=${path.join(folder, 'hostile.command')}`);
    expect(findings.filter(({ section }) => section === 'process a')).not.toEqual([]);
    expect(findings).toContainEqual({ section: 'process b', check: 'registration', state: 'ok', text: 'connected' });
    const dropped = findings.filter(({ section, check }) => /process [cd]/.test(section) && check === 'segments');
    expect(dropped.map(({ text }) => text)).toEqual([
      '1 traced, 0 sent, 1 dropped',
      expect.stringMatching(/^1 traced, 0 sent, 1 dropped: r0, .*, r19$/),
    ]);
  });

  it('tells where each value came from, and no secret', async () => {
    await backend({ token: 'very-secret' });
    const env = { SW_AGENT_AUTHENTICATION: 'very-secret', SW_AGENT_SAMPLERATE: '1' };
    const { code, findings } = await diagnose(env, '--service-name=shop');
    expect(code).toBe(0);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'serviceName', text: 'shop (flag --skyanchor-service-name)' }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'authentication', text: '*** (environment SW_AGENT_AUTHENTICATION)' }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'unread',
        state: 'warning',
        text: expect.stringContaining('SW_AGENT_SAMPLE_RATE?'),
      }),
    );
    expect(JSON.stringify(findings)).not.toContain('very-secret');
  });

  describe('names the cause of an application that shows nothing:', () => {
    it('a port where nothing listens', async () => {
      await backend();
      const { code, causes } = await diagnose({ SW_AGENT_COLLECTOR_BACKEND_SERVICES: `127.0.0.1:${await freePort()}` });
      expect([code, causes]).toEqual([1, [expect.stringMatching(/^nothing answers at .*ECONNREFUSED.*11800/)]]);
    });

    it('a port that is not for agents', async () => {
      await backend();
      const { code, causes } = await diagnose({ SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.httpAddress ?? '' });
      expect([code, causes]).toEqual([1, [expect.stringContaining('it does not speak gRPC')]]);
    });

    it('TLS against a backend without', async () => {
      await backend();
      const { code, causes } = await diagnose({ SW_AGENT_FORCE_TLS: 'true' });
      expect([code, causes]).toEqual([1, [expect.stringMatching(/^TLS is on .*the backend does not speak TLS/)]]);
    });

    it('cleartext against a backend with TLS', async () => {
      await backend({
        tls: { cert: readFileSync(pem('server'), 'utf8'), key: readFileSync(pem('server-key'), 'utf8') },
      });
      const { code, causes } = await diagnose({});
      expect([code, causes]).toEqual([1, [expect.stringMatching(/^TLS is off .*expect/)]]);
    });

    it('a wrong token, and none', async () => {
      await backend({ token: 'right' });
      const wrong = await diagnose({ SW_AGENT_AUTHENTICATION: 'wrong' });
      expect([wrong.code, wrong.causes]).toEqual([1, [expect.stringMatching(/^the backend refuses the token/)]]);
      const none = await diagnose({});
      expect([none.code, none.causes]).toEqual([1, [expect.stringMatching(/^the backend asks for a token/)]]);
    });

    it('an agent that was started after the libraries', async () => {
      await backend();
      const commandFile = path.join(folder, 'late.command');
      const late = startApp(app('late'), {
        env: {
          SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
          SW_AGENT_COMMAND_FILE: commandFile,
          SKYANCHOR_ENTRY: path.join(__dirname, '..', '..', 'dist', 'index.js'),
        },
      });
      await until(() =>
        Object.values(statuses(commandFile)).some(({ registration }) =>
          /^(registered|connected)$/.test(registration.phase),
        ),
      );
      const { code, causes } = await diagnose({}, `--file=${commandFile}`);
      expect([code, causes]).toEqual([
        1,
        [expect.stringMatching(/^the agent was started [\d.]+ s after the process, too late for express,.*--require/)],
      ]);
      await late.kill('SIGKILL');
    });

    it.each([
      [{ SW_AGENT_IGNORE_PATH: '/*' }, 'ignorePath (environment SW_AGENT_IGNORE_PATH)'],
      [{ SW_TRACE_IGNORE_PATH: '**' }, 'traceIgnorePath (environment SW_TRACE_IGNORE_PATH)'],
    ])('paths that are all ignored: %j', async (env, cause) => {
      await backend();
      const { code, causes } = await diagnose(env);
      expect([code, causes]).toEqual([1, [`every path is ignored, by ${cause}`]]);
    });

    it('a clock that is two hours ahead', async () => {
      await backend();
      const { code, causes } = await diagnose({ NODE_OPTIONS: `--require "${app('two-hours-ahead')}"` });
      expect([code, causes]).toEqual([
        1,
        [expect.stringMatching(/^the clock of this host is 2\.0 h ahead of the backend's; /)],
      ]);
    });

    it.each([
      [{ SW_DISABLE: 'true' }, 'the agent is switched off (environment SW_DISABLE)'],
      [{ SW_AGENT_SAMPLE_RATE: '0' }, 'no trace is kept: sampleRate is 0 (environment SW_AGENT_SAMPLE_RATE)'],
      [{ SW_AGENT_DISABLE_PLUGINS: 'http' }, 'switched off: http (environment SW_AGENT_DISABLE_PLUGINS)'],
      [{ SW_AGENT_PROTOCOL: 'v9' }, expect.stringMatching(/^protocol = v9 .*: expected auto, v2 or v3; /)],
    ])('a setting: %j', async (env, cause) => {
      await backend();
      expect(await diagnose(env)).toMatchObject({ code: 1, causes: [cause] });
    });
  });

  it('names a library whose version is out of range, installed or loaded by a process', async () => {
    await backend();
    const application = mkdtempSync(path.join(folder, 'versions-'));
    for (const [name, version] of [
      ['pg', '8.0.2'],
      ['koa', '3.0.0'],
      ['redis', '5.12.0'],
      ['mysql2', 'strange'],
    ] as const) {
      const library = path.join(application, 'node_modules', name);
      mkdirSync(library, { recursive: true });
      writeFileSync(path.join(library, 'package.json'), JSON.stringify({ name, version }));
      writeFileSync(path.join(library, 'index.js'), '');
    }
    const script = path.join(application, 'app.js');
    writeFileSync(script, "for (const name of ['koa', 'pg']) require(name);\nsetInterval(() => undefined, 1_000);\n");
    const commandFile = path.join(application, 'versions.command');
    startApp(script, {
      nodeFlags: ['--require', REGISTER],
      args: ['--skyanchor-instance-name=versions-1'],
      env: { SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, SW_AGENT_COMMAND_FILE: commandFile },
    });
    await until(() => statuses(commandFile)['versions-1']?.registration.phase === 'connected');
    const [instance] = collector.instances();
    expect(instance?.properties).toContainEqual({ key: 'libraries', value: 'koa 3.0.0, pg 8.0.2' });

    const env = { SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address };
    const args = ['doctor', '--json', `--file=${commandFile}`, `--query=http://${collector.httpAddress ?? ''}`];
    const { code, stdout } = await cli(args, { cwd: application, env });
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const text = 'pg 8.0.2 is not traced: version out of range, 8.0.3 and later are';
    expect(findings.filter(({ check }) => check === 'version')).toEqual([
      { section: 'instrumentations', check: 'version', state: 'warning', text },
      { section: 'process versions-1', check: 'version', state: 'warning', text },
    ]);
    expect(code).toBe(0);
  });

  it('names the rule of trust that the command file breaks', async () => {
    await backend();
    const file = path.join(folder, 'open.command');
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    const { code, causes } = await diagnose({ SW_AGENT_COMMAND_FILE: file });
    expect(code).toBe(1);
    expect(causes).toContainEqual(expect.stringContaining('may be written by its group or by others; mend it with'));
    expect(causes).toContainEqual(expect.stringMatching(/^no agent runs that writes /));
  });

  it('says what it could not find out', async () => {
    await backend();
    const diagnosis = await diagnose({}, `--query=http://127.0.0.1:${await freePort()}`);
    expect(diagnosis.code).toBe(0);
    expect(diagnosis.findings).toContainEqual(
      expect.objectContaining({ check: 'clock', state: 'unknown', text: expect.stringContaining('--query') }),
    );
  });

  it('prints a table for people, with the causes at its end', async () => {
    await backend();
    const { code, stdout } = await cli(['doctor'], {
      cwd: folder,
      env: { SW_AGENT_COLLECTOR_BACKEND_SERVICES: `127.0.0.1:${await freePort()}` },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^configuration\n {2}ok {7}backends: /);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^CAUSE: backend 127\.0\.0\.1:\d+: nothing answers at /);
  });

  it.each([[['--nonsense']], [['--query=oap:12800']], [['--file']], [['stray']]])(
    'is used wrongly: %j',
    async (args) => {
      await backend();
      const { code, stderr } = await cli(['doctor', ...args], { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^skyanchor doctor: /);
    },
  );
});
