import fc from 'fast-check';
import { startCollector, type Collector, type CollectorOptions } from '../../../src/testing/index';
import type { Backend } from '../../../src/protocol/backend';
import type { V3Names } from '../../../src/model/names';
import { encodeLog, encodeMeter } from '../../../src/protocol/v3/telemetry-messages';
import { until } from '../../support/until';
import { anyText } from '../../support/wire/arbitrary';
import { Backends, never } from '../../support/wire/backends';
import { oracleV3Encode } from '../../support/wire/oracle-v3';

const TIME = 1_790_000_000_000;
const LINES = [
  { time: TIME, level: 'warn', text: '3 segments dropped so far: buffer-full 3' },
  { time: TIME + 1, level: 'error', text: 'could not start: ⚓' },
] as const;
const METERS = [{ name: 'instance_nodejs_rss', value: 1.5 }];
const named = (service: string, instance: string): V3Names => ({
  protocol: 'v3',
  epoch: 1,
  service,
  instance,
  endpoint: (name) => name,
});
const ORDERS = named('orders', 'orders-1');

describe('meters and lines of the log', () => {
  it('are byte for byte what protobufjs makes of them, whatever the texts and numbers', () => {
    const anyLevel = fc.constantFrom('error', 'warn');
    const anyLine = fc.oneof(
      anyText,
      anyText.map((text) => `{${text}}`),
    );
    fc.assert(
      fc.property(anyLine, anyText, fc.maxSafeInteger(), fc.double(), anyLevel, (text, name, time, value, level) => {
        const isJson = text.startsWith('{') && text.endsWith('}') && text.length > 1;
        const whose = { service: name, serviceInstance: text };
        const names = named(name, text);
        const log = {
          timestamp: time,
          ...whose,
          body: isJson ? { type: 'json', json: { json: text } } : { type: 'text', text: { text } },
          tags: {
            data: [
              { key: 'level', value: level.toUpperCase() },
              { key: 'logger', value: 'skyanchor' },
            ],
          },
          layer: 'GENERAL',
        };
        const meter = { singleValue: { name, value }, ...whose, timestamp: time };
        expect(encodeLog({ time, level, text }, names).toString('hex')).toBe(
          oracleV3Encode('LogData', log).toString('hex'),
        );
        expect(encodeMeter({ name, value }, time, names).toString('hex')).toBe(
          oracleV3Encode('MeterData', meter).toString('hex'),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('of the application have their trace, and are sent as JSON where they are that', () => {
    const trace = { traceId: '1.2.3', segmentId: '4.5.6', spanId: 7 };
    const line = { time: 1, level: 'info', text: '{"msg":"in it"}', logger: 'pino', trace } as const;
    const log = {
      timestamp: 1,
      service: 'orders',
      serviceInstance: 'orders-1',
      body: { type: 'json', json: { json: line.text } },
      traceContext: { traceId: '1.2.3', traceSegmentId: '4.5.6', spanId: 7 },
      tags: {
        data: [
          { key: 'level', value: 'INFO' },
          { key: 'logger', value: 'pino' },
        ],
      },
      layer: 'GENERAL',
    };
    expect(encodeLog(line, ORDERS).toString('hex')).toBe(oracleV3Encode('LogData', log).toString('hex'));
  });
});

describe('a backend', () => {
  let collector: Collector;
  let backends: Backends;

  beforeEach(() => (backends = new Backends()));

  afterEach(async () => {
    await backends.close();
    await collector.stop();
  });

  async function connected(options: CollectorOptions = {}, names: V3Names | undefined = ORDERS): Promise<Backend> {
    collector = await startCollector({ protocol: 'v3', ...options });
    const { protocol } = collector;
    const port = Number(collector.address.split(':')[1]);
    const backend = backends.to(port, {
      protocol: protocol === 'v2' ? 'v2' : 'v3',
      names: () => names,
      ...(options.token !== undefined && { authentication: options.token }),
    });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    return backend;
  }

  const told = (): unknown => [collector.logs().length, collector.meters().length];

  it('of 8.4 and later takes both, under the names it knows us by, with the token', async () => {
    const backend = await connected({ token: 'secret-1' });
    expect(await backend.telemetry.logs.send(LINES, never)).toEqual({ status: 'ok', value: undefined });
    expect(await backend.telemetry.meters.send(METERS, TIME, never)).toEqual({ status: 'ok', value: undefined });
    const [warning, error] = collector.logs();
    expect(collector.logs()).toHaveLength(2);
    expect(warning).toMatchObject({
      ...{ service: 'orders', instance: 'orders-1', endpoint: '', layer: 'GENERAL', time: TIME },
      ...{ type: 'text', format: 'text', body: LINES[0].text, traceId: '', segmentId: '' },
      tags: [
        { key: 'level', value: 'WARN' },
        { key: 'logger', value: 'skyanchor' },
      ],
    });
    expect(error).toMatchObject({ time: TIME + 1, body: LINES[1].text, tags: [{ value: 'ERROR' }, {}] });
    expect(collector.meters()).toMatchObject([{ service: 'orders', instance: 'orders-1', time: TIME, value: 1.5 }]);
  });

  it('takes a hundred lines of the longest kind at once', async () => {
    const backend = await connected();
    const lines = Array.from({ length: 100 }, (_, index) => ({ ...LINES[0], text: `${index}${'⚓'.repeat(4_000)}` }));
    expect(await backend.telemetry.logs.send(lines, never)).toMatchObject({ status: 'ok' });
    expect(collector.logs().map(({ body }) => body)).toEqual(lines.map(({ text }) => text));
  });

  it('of before that has no such methods, and is told so by nothing but the outcome', async () => {
    const backend = await connected({ protocol: 'v3-unpackaged' });
    expect(await backend.telemetry.logs.send(LINES, never)).toMatchObject({ status: 'failed', code: 'UNIMPLEMENTED' });
    expect(backend.address).toBe(collector.address);
    expect(await backend.api.v3.keepAlive({ serviceName: 'orders', instanceName: 'orders-1' }, never)).toEqual({
      status: 'ok',
      value: undefined,
    });
  });

  it('of v2 is told nothing at all', async () => {
    const backend = await connected({ protocol: 'v2' });
    expect(await backend.telemetry.logs.send(LINES, never)).toMatchObject({ status: 'retryable' });
    expect(await backend.telemetry.meters.send(METERS, TIME, never)).toMatchObject({ status: 'retryable' });
    expect(collector.calls().filter(({ path }) => path.includes('Log') || path.includes('Meter'))).toEqual([]);
  });

  it('without a connection is told nothing', async () => {
    const backend = await connected();
    await backend.close();
    expect(await backend.telemetry.logs.send(LINES, never)).toMatchObject({ status: 'retryable' });
    expect(told()).toEqual([0, 0]);
  });

  it('that does not answer is left at once by who gives up, and the connection holds', async () => {
    const backend = await connected();
    collector.faults.add({ method: 'LogReportService/collect', fault: { type: 'hang' }, times: 1 });
    const controller = new AbortController();
    const outcome = backend.telemetry.logs.send(LINES, controller.signal);
    await until(() => collector.calls('LogReportService/collect').length === 1);
    controller.abort(new Error('stopped'));
    expect(await outcome).toEqual({ status: 'retryable', reason: 'CANCELLED: stopped' });
    expect(await backend.telemetry.logs.send(LINES, controller.signal)).toMatchObject({ status: 'retryable' });
    expect(await backend.telemetry.logs.send(LINES, never)).toMatchObject({ status: 'ok' });
    expect(told()).toEqual([2, 0]);
  });

  it('that refuses is not lost by it', async () => {
    const backend = await connected();
    const lost = jest.fn();
    backend.onDisconnect(lost);
    for (const code of ['INTERNAL', 'UNAVAILABLE', 'PERMISSION_DENIED'] as const) {
      collector.faults.add({ method: 'LogReportService/collect', fault: { type: 'refuse', code }, times: 1 });
      const status = code === 'UNAVAILABLE' ? 'retryable' : 'failed';
      expect(await backend.telemetry.logs.send(LINES, never)).toMatchObject({ status });
    }
    expect([backend.address, lost.mock.calls]).toEqual([collector.address, []]);
  });
});
