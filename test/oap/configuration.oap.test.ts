import path from 'node:path';
import type { SettingsStatus, Status } from '../../src/api/status';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { startOap, type Oap } from './oap';

const TELLER = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'teller.js');
const SERVICE = 'orders';
const VISITS = 10;
/** An agent asks every 20 s, and its server had asked within the second before. */
const PATIENCE = { timeoutMs: 45_000, everyMs: 200 };

describe('the agents of a service on a genuine OAP 10.1.0, whose operator configures them while they run', () => {
  let oap: Oap;
  let app: App;

  beforeAll(async () => {
    oap = await startOap({ version: '10.1.0', configurable: true });
    oap.configure('payments', { 'agent.sample_rate': '0.5' });
    app = startApp(TELLER, {
      nodeFlags: ['--require', REGISTER],
      args: ['--skyanchor-instance-name=orders-1'],
      env: {
        SW_AGENT_NAME: SERVICE,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc,
        SW_AGENT_IGNORE_PATH: '/status',
      },
    });
  });

  afterAll(async () => {
    await app.kill();
    await oap.stop();
  });

  async function read(page: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${await app.port()}${page}`);
    return response.text();
  }

  const status = async (): Promise<Status> => JSON.parse(await read('/status')) as Status;

  async function settled(pleases: (settings: SettingsStatus) => boolean): Promise<SettingsStatus> {
    const { settings } = await until(status, (now) => pleases(now.settings), PATIENCE);
    return settings;
  }

  /** The traces that the visitors were in. */
  async function visit(): Promise<string[]> {
    const traces: string[] = [];
    for (let visitor = 0; visitor < VISITS; visitor++) traces.push(await read('/'));
    return traces.filter((trace) => trace !== 'undefined');
  }

  async function expectTraced(): Promise<void> {
    const traces = await visit();
    expect(traces).toHaveLength(VISITS);
    for (const id of traces) {
      await until(
        () => oap.trace(id),
        ({ length }) => length === 1,
        PATIENCE,
      );
    }
  }

  it('trace all they were configured to while it has said nothing of them', async () => {
    await until(status, ({ registration }) => registration.phase === 'connected', PATIENCE);
    await expectTraced();
    const { settings } = await status();
    expect(settings.sampleRate).toEqual({ value: 1, from: 'configuration' });
  });

  it('trace nothing when it sets agent.sample_rate to 0, and show that the backend said so', async () => {
    const { segments } = await status();
    oap.configure(SERVICE, { 'agent.sample_rate': '0', 'agent.ignore_suffix': '.ico,.png' });
    const settings = await settled(({ sampleRate }) => sampleRate.from === 'backend');
    expect(settings).toEqual({
      sampleRate: { value: 0, from: 'backend' },
      tracesPer3Seconds: { value: 0, from: 'configuration' },
      ignoreSuffix: { value: ['.ico', '.png'], from: 'backend' },
      ignorePath: { value: ['/status'], from: 'configuration' },
      spanLimit: { value: 300, from: 'configuration' },
    });
    // A trace has an id also where nothing of it is recorded.
    expect(await visit()).toHaveLength(VISITS);
    expect((await status()).segments.accepted).toBe(segments.accepted);
    expect(app.stderr).not.toContain("the backend's configuration");
  });

  it('trace again what they were configured to when it takes that back', async () => {
    oap.configure(SERVICE, undefined);
    const settings = await settled(({ sampleRate }) => sampleRate.from === 'configuration');
    expect(settings.sampleRate).toEqual({ value: 1, from: 'configuration' });
    await expectTraced();
  });
});
