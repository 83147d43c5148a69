import path from 'node:path';
import type { Status } from '../../src/api/status';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { startOap, type Oap, type OapVersion } from './oap';
import { Visitors } from './visitors';

const TELLER = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'teller.js');
const PATIENCE = { timeoutMs: 45_000, everyMs: 50 };
const A_WHILE = 25;
const TRACES_A_QUESTION = 100;

/** What became of the time in which one server was there. */
interface Era {
  readonly version: OapVersion;
  /** Traces that it showed at the end, just before it was stopped. */
  readonly shown: ReadonlySet<string>;
  /** Segments that it had acknowledged when it was gone. */
  readonly acknowledged: number;
  /** Between these two numbers of a visit it was stopped: what came before it had shown, what came after was for the next. */
  readonly stoppedFrom: number;
  readonly stoppedTo: number;
}

async function shownOn(oap: Oap, traces: readonly string[]): Promise<Set<string>> {
  const shown = new Set<string>();
  for (let i = 0; i < traces.length; i += TRACES_A_QUESTION) {
    const some = traces.slice(i, i + TRACES_A_QUESTION);
    const questions = some.map((id, at) => `t${at}: queryTrace(traceId: "${id}") { spans { spanId } }`);
    const answer = (await oap.query(`query { ${questions.join(' ')} }`)) as Record<string, { spans: unknown[] }>;
    some.forEach((id, at) => answer[`t${at}`]!.spans.length > 0 && shown.add(id));
  }
  return shown;
}

/** Waits until it shows all traces from a visit on up to the one of now. */
async function showsAll(oap: Oap, traces: readonly string[], from: number): Promise<void> {
  const wanted = traces.slice(from);
  const missing = async (): Promise<string[]> => {
    const shown = await shownOn(oap, wanted);
    return wanted.filter((id) => !shown.has(id));
  };
  await until(missing, ({ length }) => length === 0, PATIENCE);
}

const isComplete = ({ registration: { phase } }: Status): boolean => phase === 'registered' || phase === 'connected';

describe('one address, at which a backend of another age is started while the application runs on', () => {
  const eras: Era[] = [];
  let oap: Oap;
  let app: App;
  let visitors: Visitors;

  beforeAll(async () => {
    oap = await startOap({ version: '6.5.0' });
    app = startApp(TELLER, {
      nodeFlags: ['--require', REGISTER],
      args: ['--skyanchor-instance-name=teller-1', '--skyanchor-heartbeat-ms', '1000'],
      env: {
        SW_AGENT_NAME: 'teller',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc,
        SW_AGENT_IGNORE_PATH: '/status',
      },
    });
    visitors = new Visitors(app);
  });

  afterAll(async () => {
    await visitors.leave();
    await app.kill();
    await oap.stop();
  });

  /** It serves for a while, and is read back and stopped, under load. */
  async function serve(from: number): Promise<void> {
    const { traces } = visitors;
    await until(() => visitors.status(), isComplete, PATIENCE);
    await until(
      () => traces.length,
      (count) => count >= from + A_WHILE,
      PATIENCE,
    );
    const stoppedFrom = traces.length;
    await showsAll(oap, traces, from);
    const shown = await shownOn(oap, traces);
    await oap.stop();
    const { segments } = await until(
      () => visitors.status(),
      ({ backend, segments: { inFlight } }) => backend === null && inFlight === 0,
    );
    const acknowledged = segments.sent - eras.reduce((sum, era) => sum + era.acknowledged, 0);
    eras.push({ version: oap.version, shown, acknowledged, stoppedFrom, stoppedTo: traces.length });
  }

  async function replaceBy(version: OapVersion): Promise<void> {
    const grpcPort = Number(oap.grpc.split(':')[1]);
    oap = await startOap({ version, grpcPort });
  }

  const speaks = async (): Promise<Status['protocol']> => (await visitors.status()).protocol;

  it('6.5.0 shows what it was sent until it is stopped', async () => {
    await serve(0);
    expect(await speaks()).toBe('v2');
  });

  it.each(['8.3.0', '10.1.0'] as const)(
    '%s in its place gets all that came after, in its own words',
    async (version) => {
      const before = eras.at(-1)!;
      await replaceBy(version);
      await serve(before.stoppedTo);
      expect(await speaks()).toBe('v3');
      expect(eras.at(-1)!.version).toBe(version);
    },
  );

  it('6.5.0 once more gets what comes after that, under new ids', async () => {
    const { traces } = visitors;
    const before = eras.at(-1)!;
    await replaceBy('6.5.0');
    await serve(before.stoppedTo);
    expect(await speaks()).toBe('v2');
    expect(traces.length).toBeGreaterThan(before.stoppedTo);
  });

  it('and every segment was shown by one of them, or was on its way to one that was being stopped', async () => {
    await visitors.leave();
    const { traces } = visitors;
    const { pid, segments } = await visitors.status();
    expect(pid).toBe(app.pid);
    expect(segments.accepted).toBe(traces.length);

    expect(eras.map(({ version }) => version)).toEqual(['6.5.0', '8.3.0', '10.1.0', '6.5.0']);
    const shown = new Set(eras.flatMap((era) => [...era.shown]));
    const isAtAnEnd = (visit: number): boolean =>
      eras.some(({ stoppedFrom, stoppedTo }) => stoppedFrom <= visit && visit < stoppedTo);
    const lost = traces.map((id, visit) => ({ id, visit })).filter(({ id }) => !shown.has(id));
    // The last one was stopped for good: what came after is still waiting.
    const last = eras.at(-1)!;
    expect(lost.filter(({ visit }) => !isAtAnEnd(visit) && visit < last.stoppedTo)).toEqual([]);

    const unshown = eras.map((era) => era.acknowledged - era.shown.size);
    const waiting = segments.buffered + segments.inFlight;
    expect(lost.length).toBe(segments.dropped + waiting + unshown.reduce((sum, count) => sum + count, 0));
    process.stdout.write(
      `${traces.length} visits: ${eras.map(({ version, acknowledged, shown: { size } }) => `${version} acknowledged ${acknowledged} and had shown ${size}`).join(', ')}; ` +
        `dropped ${JSON.stringify(segments.droppedBecause)}, waiting ${waiting}\n`,
    );
  });
});
