import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';
import { once } from 'node:events';
import path from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { AgentError } from '../../src/api/errors';
import { startCollector, type Collector, type CollectorOptions, type FaultRule } from '../../src/testing/index';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';
import { segmentBytes, TestAgent, upstream } from './client';

const PEM = path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls');
/** Named, since an address is no name that TLS may ask for. */
const channel = { 'grpc.ssl_target_name_override': 'localhost' };
const pem = (name: string): Buffer => readFileSync(path.join(PEM, `${name}.pem`));

let collector: Collector;
let agent: TestAgent;

async function begin(options: CollectorOptions = {}): Promise<void> {
  collector = await startCollector({ idDelayMs: 0, ...options });
  agent = new TestAgent(collector.address);
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

const message = (): Buffer =>
  upstream(
    ['1.2.3'],
    segmentBytes({
      ...{ serviceId: 1, serviceInstanceId: 1, traceIds: ['1.2.3'], segmentId: '1.2.3' },
      spans: [{ spanId: 0, parentSpanId: -1, operationNameId: 1 }],
    }),
  );

describe('a scripted fault', () => {
  it('refuses with the status and as often as it is told to, and does nothing', async () => {
    await begin();
    const fault = collector.faults.add({
      ...{ method: 'doServiceRegister', times: 2 },
      fault: { type: 'refuse', code: 'RESOURCE_EXHAUSTED', message: 'too much' },
    });
    for (let times = 0; times < 2; times++) {
      expect(await agent.registerServices('orders')).toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        details: 'too much',
      });
    }
    expect(fault.hits).toBe(2);
    expect((await agent.registerServices('orders')).status).toBe('OK');
    expect(fault.hits).toBe(2);
    expect(collector.calls().map(({ status }) => status)).toEqual(['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED', 'OK']);
    expect(collector.calls()[0]!.request).toEqual(collector.calls()[2]!.request);
  });

  it('refuses a stream, with UNAVAILABLE if nothing else is said', async () => {
    await begin();
    collector.faults.add({ method: 'collect', fault: { type: 'refuse' } });
    expect((await agent.stream([message()])).status).toBe('UNAVAILABLE');
    expect(collector.segments()).toEqual([]);
  });

  it('meets the method it is for, or several of them, and no other', async () => {
    await begin();
    collector.faults.add({ method: ['doPing', 'collect'], fault: { type: 'refuse' } });
    expect((await agent.ping(1, 'one')).status).toBe('UNAVAILABLE');
    expect((await agent.stream([])).status).toBe('UNAVAILABLE');
    expect((await agent.registerServices('orders')).status).toBe('OK');
  });

  it('meets the node it is for, and no other', async () => {
    await begin({ nodes: 2 });
    collector.faults.add({ node: 1, fault: { type: 'refuse' } });
    const other = new TestAgent(collector.addresses[1]!);
    expect((await other.ping(1, 'one')).status).toBe('UNAVAILABLE');
    expect((await agent.ping(1, 'one')).status).toBe('OK');
    other.close();
  });

  it('gives way when it is removed, or when all are; the first one added comes first', async () => {
    await begin();
    const first = collector.faults.add({ fault: { type: 'refuse', code: 'ABORTED' } });
    collector.faults.add({ fault: { type: 'refuse', code: 'INTERNAL' } });
    expect((await agent.ping(1, 'one')).status).toBe('ABORTED');
    first.remove();
    first.remove();
    expect((await agent.ping(1, 'one')).status).toBe('INTERNAL');
    collector.faults.clear();
    expect((await agent.ping(1, 'one')).status).toBe('OK');
  });

  it('stays over a restart and a wipe', async () => {
    await begin();
    collector.faults.add({ fault: { type: 'refuse', code: 'ABORTED' } });
    await collector.restart();
    await collector.wipe();
    await until(
      () => agent.ping(1, 'one'),
      ({ status }) => status === 'ABORTED',
    );
  });

  it('delays a call, and then handles it', async () => {
    const clock = new FakeClock();
    await begin({ clock });
    collector.faults.add({ fault: { type: 'delay', ms: 500 } });
    const ping = agent.ping(99, 'one');
    const stream = agent.stream([message()]);
    await until(() => collector.calls().length === 2);
    await clock.advance(499);
    expect(collector.heartbeats()).toEqual([]);
    expect(collector.segments()).toEqual([]);
    await clock.advance(1);
    expect((await ping).value['commands']).toHaveLength(1);
    expect((await stream).status).toBe('OK');
    expect(collector.segments()).toHaveLength(1);
  });

  it('hangs: there is no answer, and nothing was done', async () => {
    await begin();
    collector.faults.add({ fault: { type: 'hang' } });
    expect((await agent.call('doServiceRegister', { services: [{ serviceName: 'orders' }] }, 100)).status).toBe(
      'DEADLINE_EXCEEDED',
    );
    expect((await agent.stream([message()], 100)).status).toBe('DEADLINE_EXCEEDED');
    await until(() => collector.calls().every(({ status }) => status === 'CANCELLED'));
    expect([collector.services(), collector.segments()]).toEqual([[], []]);
  });

  it('drops: the answer is OK and empty, and leads to nothing', async () => {
    await begin();
    collector.faults.add({ fault: { type: 'drop' } });
    expect(await agent.ping(99, 'one')).toMatchObject({ status: 'OK', value: {} });
    expect(await agent.registerServices('orders')).toMatchObject({ status: 'OK', value: {} });
    expect((await agent.stream([message(), message()])).status).toBe('OK');
    collector.faults.clear();
    expect([collector.heartbeats(), collector.segments(), collector.droppedSegments()]).toEqual([[], [], []]);
    expect((await agent.registerServices('orders')).value).toEqual({});
    expect(collector.calls('collect')).toMatchObject([{ request: { segments: 2 } }]);
  });

  it('answers garbage', async () => {
    await begin();
    collector.faults.add({ times: 2, fault: { type: 'garbage' } });
    collector.faults.add({ fault: { type: 'garbage', bytes: Buffer.from('hello') } });
    const garbage = Buffer.from('ffffffffff', 'hex');
    expect(await agent.ping(99, 'one')).toMatchObject({ status: 'OK', bytes: garbage });
    expect(await agent.stream([message()])).toMatchObject({ status: 'OK', bytes: garbage });
    expect(await agent.ping(99, 'one')).toMatchObject({ bytes: Buffer.from('hello') });
    expect(collector.heartbeats()).toEqual([]);
  });

  describe('says goaway', () => {
    let session: ClientHttp2Session;
    let goaway: Promise<unknown>;
    let closed: Promise<unknown>;

    beforeEach(async () => {
      await begin();
      session = connect(`http://${collector.address}`);
      session.on('error', () => undefined);
      // Not by `once`, which rejects on the error that a cut makes.
      goaway = new Promise((resolve) => session.on('goaway', resolve));
      closed = new Promise((resolve) => session.on('close', resolve));
      await once(session, 'remoteSettings');
    });

    afterEach(() => {
      session.destroy();
    });

    it('to all connections of the node, handles the call, and takes new ones', async () => {
      collector.faults.add({ times: 1, fault: { type: 'goaway' } });
      expect((await agent.ping(99, 'one')).value['commands']).toHaveLength(1);
      await Promise.all([goaway, closed]);
      const fresh = new TestAgent(collector.address);
      expect((await fresh.ping(99, 'one')).status).toBe('OK');
      fresh.close();
    });

    it('and cuts what is still there after the time of grace', async () => {
      collector.faults.add({ method: 'doPing', times: 1, fault: { type: 'goaway', graceMs: 50 } });
      const stream = session.request({
        ':method': 'POST',
        ':path': '/TraceSegmentReportService/collect',
        'content-type': 'application/grpc',
      });
      stream.on('error', () => undefined);
      await until(() => collector.calls('collect').length);
      await agent.ping(99, 'one');
      await Promise.all([goaway, closed]);
      await until(() => collector.calls('collect')[0]!.status === 'CANCELLED');
    });
  });

  it.each<[string, FaultRule]>([
    ['fault.type = explode (faults.add()): expected one of refuse, delay', { fault: { type: 'explode' } as never }],
    [
      'method = ping (faults.add()): expected one of doServiceRegister',
      { method: 'ping' as never, fault: { type: 'hang' } },
    ],
    ['node = -1', { node: -1, fault: { type: 'hang' } }],
    ['times = 0', { times: 0, fault: { type: 'hang' } }],
    ['fault.code = OK', { fault: { type: 'refuse', code: 'OK' as never } }],
    ['fault.code = toString', { fault: { type: 'refuse', code: 'toString' as never } }],
    ['fault.ms = NaN', { fault: { type: 'delay', ms: NaN } }],
    ['fault.graceMs = -5', { fault: { type: 'goaway', graceMs: -5 } }],
  ])('that makes no sense is refused: %s', async (words, rule) => {
    await begin();
    expect(() => collector.faults.add(rule)).toThrow(AgentError);
    expect(() => collector.faults.add(rule)).toThrow(words);
  });
});

describe('a token', () => {
  it('that differs or is missing is PERMISSION_DENIED, on every method', async () => {
    await begin({ token: 'open-sesame' });
    const right = new TestAgent(collector.address, { metadata: { authentication: 'open-sesame' } });
    const wrong = new TestAgent(collector.address, { metadata: { authentication: 'open-barley' } });
    for (const stranger of [agent, wrong]) {
      expect((await stranger.registerServices('orders')).status).toBe('PERMISSION_DENIED');
      expect((await stranger.ping(1, 'one')).status).toBe('PERMISSION_DENIED');
      expect((await stranger.stream([message()])).status).toBe('PERMISSION_DENIED');
    }
    expect(collector.segments()).toEqual([]);
    expect((await right.stream([message()])).status).toBe('OK');
    expect((await right.ping(1, 'one')).status).toBe('OK');
    right.close();
    wrong.close();
  });
});

describe('TLS', () => {
  it('is spoken where a certificate is given, and nothing else is understood then', async () => {
    await begin({ tls: { cert: pem('server'), key: pem('server-key') } });
    const secure = new TestAgent(collector.address, { channel, credentials: credentials.createSsl(pem('ca')) });
    expect((await secure.ping(1, 'one')).status).toBe('OK');
    await collector.restart();
    await until(
      () => secure.ping(1, 'one'),
      ({ status }) => status === 'OK',
    );
    const distrustful = new TestAgent(collector.address, {
      channel,
      credentials: credentials.createSsl(pem('other-ca')),
    });
    expect((await distrustful.ping(1, 'one')).status).toBe('UNAVAILABLE');
    expect((await agent.ping(1, 'one')).status).toBe('UNAVAILABLE');
    secure.close();
    distrustful.close();
  });

  it('turns clients without a certificate away where it is to know them', async () => {
    await begin({ tls: { cert: pem('server'), key: pem('server-key'), clientCa: pem('ca') } });
    const nameless = new TestAgent(collector.address, { channel, credentials: credentials.createSsl(pem('ca')) });
    const known = new TestAgent(collector.address, {
      channel,
      credentials: credentials.createSsl(pem('ca'), pem('client-key'), pem('client')),
    });
    expect((await nameless.ping(1, 'one')).status).toBe('UNAVAILABLE');
    expect((await known.ping(1, 'one')).status).toBe('OK');
    nameless.close();
    known.close();
  });
});
