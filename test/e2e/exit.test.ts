import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { endApps, REGISTER, startApp, type App, type AppEnd } from '../support/app';
import { bundleOf } from '../support/bundle';
import { until, untilQuick } from '../support/until';

const FIXTURES = path.join(__dirname, '..', '..', 'fixtures');
const LEAVES = path.join(FIXTURES, 'apps', 'leaves.js');
const TLS = path.join(FIXTURES, 'wire', 'tls');
const PAGES = ['/one', '/two', '/three'];
/** What a process that ends may wait for what it has traced. */
const WAIT_MS = 1_100;
/** What a busy machine takes for its own things. */
const SLACK_MS = 800;

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(60_000);

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 10 });
});

afterEach(async () => {
  await endApps();
  await collector.stop();
});

/** How a process is made to end: it is asked for a page, or gets a signal. */
type Cause = '/leave' | 'SIGTERM' | 'SIGINT' | 'SIGHUP';
type Way = readonly [string, Cause];

async function end(app: App, cause: Cause): Promise<AppEnd> {
  if (cause !== '/leave') return app.kill(cause);
  await app.visit('/leave');
  return app.ended;
}

interface Bare {
  readonly end: AppEnd;
  readonly words: string;
}

const ends = new Map<string, Promise<Bare>>();

/** How the program ends without us. */
function bare([way, cause]: Way): Promise<Bare> {
  const key = `${way} ${cause}`;
  const known = ends.get(key);
  if (known) return known;
  const app = startApp(LEAVES, { args: [way] });
  const ended = visitAll(app).then(async () => ({ end: await end(app, cause), words: wordsOf(app) }));
  ends.set(key, ended);
  return ended;
}

/** What it says, without the moments. */
function wordsOf({ stdout }: App): string {
  return stdout.replaceAll(/ \d+$/gm, '').replace('sent all\n', '');
}

/** Traced, registered, and with a first trace that has arrived: the way is known to be open. */
async function traced(
  way: string,
  env: Readonly<Record<string, string>> = {},
  { script = LEAVES, nodeFlags = ['--require', REGISTER] } = {},
): Promise<App> {
  const app = startApp(script, {
    args: [way],
    nodeFlags,
    env: { SW_AGENT_NAME: 'leaves', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address, ...env },
  });
  await app.visit('/first');
  await until(shown, (pages) => pages.includes('/first'));
  return app;
}

const shown = (): string[] => collector.segments().map(({ spans }) => spans[0]!.operationName);

async function visitAll(app: App): Promise<void> {
  for (const page of PAGES) await app.visit(page);
}

const arrived = () => until(shown, (pages) => PAGES.every((page) => pages.includes(page)));

/** How long the program took from its last own line to its end. */
function lastMoments({ stdout }: App): number {
  const [, leaving, exit] = /^leaving (\d+)\n(?:.*\n)*?exit (\d+)$/m.exec(stdout) ?? [];
  return Number(exit) - Number(leaving);
}

const BY_ITSELF: readonly Way[] = [
  ['naturally', '/leave'],
  ['process.exit in beforeExit', '/leave'],
  ['process.exit when the server has closed', '/leave'],
  ['process.exit at once', '/leave'],
  ['an error that is not caught', '/leave'],
  ['a signal that it emits itself', '/leave'],
];

const BY_SIGNAL = (['SIGTERM', 'SIGINT'] as const).flatMap((signal): Way[] => [
  ['does not listen', signal],
  ['listens once', signal],
  ['listens first, and once', signal],
  ['listens no more once it has come', signal],
  ['takes all listeners away', signal],
  ['waits for it by a promise', signal],
  ['has signal-exit 3', signal],
  ['has signal-exit 4', signal],
  ['has signal-exit 3 and 4', signal],
  ['closes its server', signal],
  ['closes its server, then calls process.exit', signal],
  ['calls process.exit at once', signal],
]);

const RAISES = [
  'raises it at once',
  'closes, then raises it',
  'closes, then raises it as a number',
  'closes, then raises it in a later tick',
  'closes, then raises it by a promise',
  'closes, then raises it and exits',
  'listens once, closes, then raises it',
  'closes, takes all listeners away, then raises it',
];
const BY_RAISING = RAISES.flatMap((way): Way[] => [
  [way, 'SIGTERM'],
  [way, 'SIGINT'],
  [way, 'SIGHUP'],
]);

describe('an application that ends has sent what was traced, and ends as without us', () => {
  it.each([...BY_ITSELF, ...BY_SIGNAL, ...BY_RAISING])('%s (%s)', async (...way) => {
    const app = await traced(way[0]);
    await visitAll(app);
    expect({ end: await end(app, way[1]), words: wordsOf(app) }).toEqual(await bare(way));
    if (/^exit/m.test(app.stdout)) expect(lastMoments(app)).toBeLessThan(WAIT_MS + SLACK_MS);
    await arrived();
    expect(collector.droppedSegments()).toEqual([]);
  });

  it.each(BY_RAISING)('%s (%s), when nothing waits to be sent and there is a status file', async (...way) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-exit-'));
    try {
      const app = await traced(way[0], { SW_AGENT_STATUS_FILE: path.join(folder, 'status.json') });
      await until(() => /^sent all$/m.test(app.stdout));
      expect(await end(app, way[1])).toEqual((await bare(way)).end);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([...BY_SIGNAL, ...BY_RAISING].filter(([way, cause]) => cause === 'SIGTERM' && !way.startsWith('has ')))(
    '%s (%s), in a bundle with the agent, when there is a status file',
    async (...way) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-exit-'));
      try {
        const [script, entry] = [path.join(folder, 'bundle.js'), path.join(folder, 'entry.js')];
        writeFileSync(entry, [REGISTER, LEAVES].map((file) => `require(${JSON.stringify(file)});`).join(''));
        writeFileSync(script, bundleOf(entry));
        const statusFile = path.join(folder, 'status.json');
        const app = await traced(way[0], { SW_AGENT_STATUS_FILE: statusFile }, { script, nodeFlags: [] });
        // It has had a lock.
        await until(() => existsSync(statusFile));
        await visitAll(app);
        expect({ end: await end(app, way[1]), words: wordsOf(app) }).toEqual(await bare(way));
        await arrived();
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it.each(RAISES)('%s (SIGTERM), when nothing waits to be sent', async (way) => {
    const app = await traced(way);
    await until(() => /^sent all$/m.test(app.stdout));
    expect(await end(app, 'SIGTERM')).toEqual((await bare([way, 'SIGTERM'])).end);
  });

  it.each([
    ['v2', ['process.exit at once', '/leave']],
    ['v2', ['calls process.exit at once', 'SIGTERM']],
    ['v2', ['closes, then raises it', 'SIGTERM']],
    ['v3', ['process.exit at once', '/leave']],
    ['v3', ['calls process.exit at once', 'SIGTERM']],
    ['v3', ['closes, then raises it', 'SIGTERM']],
  ] as const)('also when these are its first requests: %s, %j', async (protocol, way) => {
    await collector.become(protocol);
    const app = startApp(LEAVES, {
      args: [way[0]],
      nodeFlags: ['--require', REGISTER],
      env: {
        SW_AGENT_NAME: 'leaves',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address,
        SW_AGENT_LOGGING_LEVEL: 'info',
      },
    });
    await until(() => /backend: (registered|connected)/.test(app.stderr));
    await visitAll(app);
    expect(await end(app, way[1])).toEqual((await bare(way)).end);
    await until(shown, (names) => PAGES.every((page) => names.some((name) => name.endsWith(page))));
  });

  it.each<Way>([
    ['process.exit at once', '/leave'],
    ['calls process.exit at once', 'SIGTERM'],
    ['does not listen', 'SIGTERM'],
  ])('also where a call that it made is never answered: %s (%s)', async (...way) => {
    const app = await traced(way[0]);
    await app.visit('/hung');
    expect(await end(app, way[1])).toEqual((await bare(way)).end);
    await until(shown, (pages) => pages.includes('/hung'));
  });

  it('also over TLS', async () => {
    const pem = (name: string): Buffer => readFileSync(path.join(TLS, `${name}.pem`));
    await collector.stop();
    collector = await startCollector({ idDelayMs: 10, tls: { cert: pem('server'), key: pem('server-key') } });
    const app = await traced('process.exit at once', { SW_AGENT_SSL_TRUSTED_CA_PATH: path.join(TLS, 'ca.pem') });
    await visitAll(app);
    await end(app, '/leave');
    await arrived();
  });

  it('also with hundreds of them, each once', async () => {
    const app = await traced('process.exit at once', { SW_AGENT_GROUP_ENDPOINTS: 'false' });
    const pages = Array.from({ length: 150 }, (_, at) => `/page/${at}`);
    for (let at = 0; at < pages.length; at += 10) {
      await Promise.all(pages.slice(at, at + 10).map((page) => app.visit(page)));
    }
    await end(app, '/leave');
    await until(shown, (found) => pages.every((page) => found.includes(page)));
    const found = shown().filter((page) => page.startsWith('/page/'));
    expect(found).toHaveLength(pages.length);
  });
});

/** Whether there is a backend or not is nothing that a program's end hangs on. */
const WITHOUT_ANSWER: readonly Way[] = [
  ...BY_ITSELF,
  ['does not listen', 'SIGTERM'],
  ['closes its server', 'SIGINT'],
  ['calls process.exit at once', 'SIGTERM'],
  ['closes, then raises it', 'SIGTERM'],
];

describe('an application that ends as without us though its backend', () => {
  it.each(WITHOUT_ANSWER)('is gone, at once: %s (%s)', async (...way) => {
    const without = (await bare(way)).end;
    await untilQuick(async () => {
      const app = await traced(way[0]);
      await collector.stop();
      await visitAll(app);
      const askedAt = performance.now();
      expect(await end(app, way[1])).toEqual(without);
      const tookMs = performance.now() - askedAt;
      collector = await startCollector({ idDelayMs: 10 });
      return tookMs;
    }, SLACK_MS);
  });

  it.each(WITHOUT_ANSWER)('hangs, after a second at most: %s (%s)', async (...way) => {
    const app = await traced(way[0]);
    collector.faults.add({ fault: { type: 'hang' } });
    await visitAll(app);
    const without = (await bare(way)).end;
    const askedAt = performance.now();
    expect(await end(app, way[1])).toEqual(without);
    expect(performance.now() - askedAt).toBeLessThan(WAIT_MS + SLACK_MS);
  });
});

describe('a signal', () => {
  it('that the application answers by going on is no end: it serves, and is traced', async () => {
    const app = await traced('stays');
    const killed = app.kill('SIGTERM');
    await until(() => /^stays/m.test(app.stdout));
    await visitAll(app);
    await arrived();
    expect(app.end).toBeUndefined();
    await app.visit('/leave');
    expect(await killed).toEqual({ code: 0, signal: null });
  });

  it('that the application answers by going on sends what waits at once', async () => {
    await untilQuick(async () => {
      const app = await traced('stays', { SW_AGENT_HEARTBEAT_MS: '60000' });
      const sent = (): number => collector.calls('collect').length;
      // By itself it is sent half a second after it was traced, where nothing else is due, as there is at the start.
      const first = sent();
      await app.visit('/first');
      await until(() => sent() > first);
      await new Promise((resolve) => setTimeout(resolve, 600));
      const before = sent();
      const startedAt = performance.now();
      await app.visit('/first');
      const killed = app.kill('SIGINT');
      await until(() => sent() > before, Boolean, { everyMs: 5 });
      const tookMs = performance.now() - startedAt;
      await until(() => /^stays/m.test(app.stdout));
      await app.visit('/leave');
      await killed;
      return tookMs;
    }, 450);
  });

  it('that comes a second time means it, whatever still waits', async () => {
    // After the first it would end a second later.
    await untilQuick(async () => {
      collector.faults.clear();
      const app = await traced('does not listen');
      collector.faults.add({ fault: { type: 'hang' } });
      await visitAll(app);
      const askedAt = performance.now();
      const killed = app.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(app.end).toBeUndefined();
      process.kill(app.pid, 'SIGINT');
      expect(await killed).toEqual({ code: null, signal: 'SIGINT' });
      return performance.now() - askedAt;
    }, 950);
  });
});

it('a signal ends an application whose agent is stopping while the next one has started', async () => {
  const app = startApp(path.join(FIXTURES, 'apps', 'restarts.js'), { args: [collector.address] });
  const says = (line: string) => until(() => app.stdout.endsWith(`${line}\n`) || app.end);
  await says('traced');
  // So that stop() takes its second.
  collector.faults.add({ fault: { type: 'hang' } });
  process.kill(app.pid, 'SIGUSR2');
  await says('restarted');
  expect(await app.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
});

describe('a job that is over before its backend was reached', () => {
  const JOB = path.join(FIXTURES, 'apps', 'job.js');
  /** How long a process stays for what it has traced. */
  const STAYS_MS = 1_000;
  const env = () => ({ SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address });

  /** Runs the job, which must come to its end once. */
  async function stayedMs(takesMs: string): Promise<number> {
    const app = startApp(JOB, { args: [takesMs], env: env() });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    const [, stayed] = /^ended 1 times, stayed (\d+) ms\n$/.exec(app.stdout) ?? [];
    expect(stayed).toBeDefined();
    return Number(stayed);
  }

  it.each([
    ['v2', '0'],
    ['v2', '100'],
    ['v3', '0'],
    ['v3', '100'],
  ] as const)(
    'has sent what it traced, its farewell as well, and comes to its end once: %s, %s ms',
    async (protocol, takesMs) => {
      await collector.become(protocol);
      // A busy machine may need all of the second for the connection: that run is cut off, and says nothing.
      await until(
        () => stayedMs(takesMs),
        (stayed) => stayed < STAYS_MS,
        { timeoutMs: 90_000 },
      );
      await until(shown, (names) => ['job', 'farewell'].every((name) => names.includes(name)));
    },
    120_000,
  );

  it('ends at once where there is no listener', async () => {
    await collector.stop();
    await untilQuick(() => stayedMs('0'), STAYS_MS / 2);
  });

  it('ends after a second where the backend does not answer', async () => {
    collector.faults.add({ fault: { type: 'hang' } });
    // As long as it takes is the process's own time: how long it took to start says nothing.
    await untilQuick(() => stayedMs('0'), WAIT_MS + SLACK_MS);
  });
});

describe('an application that has traced nothing', () => {
  it('ends at once', async () => {
    await untilQuick(async () => {
      const before = collector.instances().length;
      const app = startApp(LEAVES, {
        args: ['calls process.exit at once'],
        nodeFlags: ['--require', REGISTER],
        env: { SW_AGENT_NAME: 'leaves', SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address },
      });
      await app.port();
      await until(() => collector.instances().length > before);
      expect(await app.kill('SIGTERM')).toEqual({ code: 7, signal: null });
      return lastMoments(app);
    }, 50);
  });
});

describe('process.kill() for the whole group of the process, or with no signal named', () => {
  const INDEX = path.join(__dirname, '..', '..', 'dist', 'index.js');

  /** In a group of its own, so that no other process gets the signal. */
  function endOf(call: string, isTraced: boolean): Promise<AppEnd> {
    const start = `require(${JSON.stringify(INDEX)}).start({ logLevel: 'off' }).trace('job', () => undefined);`;
    const program = `${isTraced ? start : ''} process.kill(${call}); process.exit(0);`;
    const env = { ...process.env, SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector.address };
    const child = spawn(process.execPath, ['-e', program], { detached: true, stdio: 'ignore', env });
    return new Promise((resolve, reject) => {
      child.once('error', reject).once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  it.each(["0, 'SIGTERM'", "-process.pid, 'SIGTERM'", '0', 'process.pid, null', "process.pid, ''"])(
    'ends the process as without the agent: process.kill(%s)',
    async (call) => {
      expect(await endOf(call, false)).toEqual({ code: null, signal: 'SIGTERM' });
      expect(await endOf(call, true)).toEqual({ code: null, signal: 'SIGTERM' });
    },
  );
});
