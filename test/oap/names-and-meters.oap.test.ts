import path from 'node:path';
import { systemClock } from '../../src/base/clock';
import { Log, stderrLogger } from '../../src/base/log';
import { ProcessSampler } from '../../src/telemetry/process-sampler';
import { type Backend, createBackend } from '../../src/protocol/backend';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { startOap, type Oap, type OapVersion } from './oap';
import { Visitors } from './visitors';

const TELLER = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'teller.js');
const PATIENCE = { timeoutMs: 45_000, everyMs: 100 };
const SERVICE = 'service-'.repeat(10);
const INSTANCE = 'instance-'.repeat(10);
const METERED = { service: 'metered', instance: 'metered-1' };

interface Server {
  readonly version: OapVersion;
  readonly page: string;
  /** How many kinds of names are cut. */
  readonly cuts: number;
}

const SERVERS: readonly Server[] = [
  // Its storage has 200 characters for a service and an endpoint, in base64 together, and loses the segment of longer ones.
  { version: '8.3.0', page: '/page', cuts: 2 },
  { version: '10.1.0', page: `/${'page-'.repeat(40)}`, cuts: 3 },
];

describe.each(SERVERS)('a genuine OAP $version', ({ version, page, cuts }) => {
  let oap: Oap;
  let app: App | undefined;
  let visitors: Visitors | undefined;
  let backend: Backend | undefined;
  const { signal } = new AbortController();

  beforeAll(async () => {
    oap = await startOap({ version, meters: true });
  });

  afterEach(async () => {
    await visitors?.leave();
    await app?.kill();
    await backend?.close();
  });

  afterAll(() => oap.stop());

  /** What an agent goes by, without an agent. */
  function open(): Backend {
    const [host, port] = oap.grpc.split(':') as [string, string];
    backend = createBackend({
      addresses: [{ host, port: Number(port) }],
      agentVersion: '0.0.0',
      serviceName: METERED.service,
      v3Instance: { serviceName: METERED.service, instanceName: METERED.instance },
      clock: systemClock,
      log: new Log(systemClock, stderrLogger, 'warn'),
      names: () => ({ protocol: 'v3', epoch: 1, ...METERED, endpoint: (name) => name }),
      confirmedOn: () => 0,
      onLoadError: () => undefined,
      onIdentityMismatch: () => undefined,
    });
    return backend;
  }

  function startTeller(service: string, instance: string): App {
    return startApp(TELLER, {
      nodeFlags: ['--require', REGISTER],
      args: [`--skyanchor-instance-name=${instance}`, '--skyanchor-heartbeat-ms', '200'],
      env: {
        SW_AGENT_NAME: service,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: oap.grpc,
        SW_AGENT_IGNORE_PATH: '/status',
      },
    });
  }

  it('knows an agent whose names are too long by those that its status tells, and by no others', async () => {
    app = startTeller(SERVICE, INSTANCE);
    visitors = new Visitors(app, page);
    const { registration } = await until(
      () => visitors!.status(),
      ({ segments }) => segments.sent > 5,
      PATIENCE,
    );
    const [service, instance] = [SERVICE.slice(0, 70), INSTANCE.slice(0, 70)];
    expect(registration.knownAs).toEqual({ service, instance });

    const instances = await until(
      () => oap.instances(service),
      ([first]) => first?.language === 'NODEJS',
      PATIENCE,
    );
    expect(instances.map(({ name }) => name)).toEqual([instance]);
    expect((await oap.services()).map(({ name }) => name)).toEqual([service]);
    const endpoints = await until(
      () => oap.endpoints(service),
      ({ length }) => length > 0,
      PATIENCE,
    );
    expect(endpoints.map(({ name }) => name)).toEqual([`GET:${page}`.slice(0, 150)]);
    await until(
      () => oap.traces({ service }),
      ({ length }) => length > 5,
      PATIENCE,
    );
    // One line for each, and nothing else.
    expect(app.stderr.match(/ are cut/g)).toHaveLength(cuts);
    expect(app.stderr.match(/\n/g)).toHaveLength(cuts);
  });

  it('answers one who asks for a configuration with none, once, or configures no service at all', async () => {
    const { api } = open();
    await api.connect(signal);
    const first = await api.v3.fetchConfiguration('metered', '', signal);
    if (version === '8.3.0') {
      expect(first).toMatchObject({ status: 'failed', code: 'UNIMPLEMENTED' });
      return;
    }
    expect(first).toEqual({ status: 'ok', value: { uuid: expect.stringMatching(/./), values: new Map() } });
    const { uuid } = (first as { value: { uuid: string } }).value;
    expect(await api.v3.fetchConfiguration('metered', uuid, signal)).toEqual({ status: 'ok', value: undefined });
  });

  it('takes the meters of a process, and shows them under the name they were sent by', async () => {
    const { telemetry, api } = open();
    const sampler = new ProcessSampler();
    const sample = sampler.sample();
    sampler.stop();
    expect(await api.connect(signal)).toMatchObject({ status: 'ok', value: { protocol: 'v3' } });
    expect(await telemetry.meters.send(sample, Date.now(), signal)).toMatchObject({ status: 'ok' });
    for (const shown of ['instance_nodejs_heap_used', 'instance_nodejs_uptime']) {
      const sent = sample.find(({ name }) => name === shown)!.value;
      const value = await until(() => oap.meter(shown, METERED), Boolean, PATIENCE);
      // It keeps whole numbers, one version the next and one the one below.
      expect([shown, [Math.floor(sent), Math.round(sent)]]).toEqual([shown, expect.arrayContaining([value])]);
    }
  });
});
