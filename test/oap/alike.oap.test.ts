import { startCollector, type Collector } from '../../src/testing/index';
import { startOap, type Oap, type OapVersion } from './oap';

interface Reply {
  readonly status: string;
  readonly message: string;
  readonly value: {
    readonly commands?: readonly { readonly command: string; readonly args: readonly { readonly key: string }[] }[];
  };
}

interface Wire {
  readonly v3: object;
  connect(
    address: string,
    tables: object,
  ): {
    call(method: string, value: object, options?: { readonly path?: string }): Promise<Reply>;
    close(): void;
  };
}

const wire: Wire = jest.requireActual('./lib/wire.js');
const WHO = { service: 'orders', serviceInstance: 'orders-1' };
const SEGMENT = {
  ...{ traceId: 'trace', traceSegmentId: 'segment', ...WHO },
  spans: [{ spanId: 0, parentSpanId: -1, startTime: Date.now(), endTime: Date.now(), operationName: 'GET:/' }],
};

/** Method of the tables, and what to send it. */
const CALLS: readonly (readonly [method: string, value: object])[] = [
  ['ManagementService/keepAlive', WHO],
  ['ManagementService/reportInstanceProperties', { ...WHO, properties: [{ key: 'language', value: 'nodejs' }] }],
  ['TraceSegmentReportService/collect', [SEGMENT, SEGMENT]],
  ['TraceSegmentReportService/collectInSync', { segments: [SEGMENT] }],
  ['ConfigurationDiscoveryService/fetchConfigurations', { service: 'orders', uuid: '' }],
  ['MeterReportService/collect', [{ ...WHO, timestamp: Date.now(), singleValue: { name: 'heap', value: 1 } }]],
  ['MeterReportService/collectBatch', []],
  ['LogReportService/collect', [{ ...WHO, body: { type: 'TEXT', text: { text: 'hello' } } }]],
  ['SpanAttachedEventReportService/collect', []],
];

const UNIMPLEMENTED = ['UNIMPLEMENTED', '', undefined];

/** Served by no v3 server, asked as a keepAlive. */
const FOREIGN = ['/Register/doServiceRegister', '/ServiceInstancePing/doPing', '/Register/doNetworkAddressRegister'];

async function answersOf(address: string): Promise<Record<string, unknown>> {
  const agent = wire.connect(address, wire.v3);
  const answers: Record<string, unknown> = {};
  const note = async (path: string, reply: Promise<Reply>): Promise<void> => {
    const { status, message, value } = await reply;
    // The words of gRPC itself differ; that it is not there does not.
    const words = status === 'UNIMPLEMENTED' ? '' : message.replace(/^OK$/, '');
    answers[path] = [status, words, value.commands?.map(({ command, args }) => [command, args.map(({ key }) => key)])];
  };
  for (const [method, value] of CALLS)
    for (const path of [`/skywalking.v3.${method}`, `/${method}`])
      await note(path, agent.call(`skywalking.v3.${method}`, value, { path }));
  for (const path of FOREIGN) await note(path, agent.call('skywalking.v3.ManagementService/keepAlive', WHO, { path }));
  // A message that is another's: a v2 segment begins with what a v3 one has a text for.
  const path = '/TraceSegmentReportService/collect';
  await note(
    `${path} garbage`,
    agent.call('skywalking.v3.MeterReportService/collect', [{ singleValue: { name: '\u0001' }, timestamp: 1 }], {
      path,
    }),
  );
  agent.close();
  return answers;
}

interface Twins {
  readonly version: OapVersion;
  readonly protocol: 'v3' | 'v3-unpackaged';
  /** What the genuine one answers at besides; the embedded one is as the first of its age, 8.0, which did not. */
  readonly younger: readonly string[];
  /** What the embedded one answers at besides: it came with a later version. */
  readonly later: readonly string[];
}

const TWINS: readonly Twins[] = [
  {
    version: '8.3.0',
    protocol: 'v3-unpackaged',
    younger: ['/TraceSegmentReportService/collectInSync', '/MeterReportService/collect'],
    later: [],
  },
  { version: '9.2.0', protocol: 'v3', younger: [], later: ['/skywalking.v3.SpanAttachedEventReportService/collect'] },
  { version: '10.1.0', protocol: 'v3', younger: [], later: [] },
];

describe.each(TWINS)('a genuine OAP $version and the embedded backend', ({ version, protocol, younger, later }) => {
  let oap: Oap;
  let collector: Collector;

  beforeAll(async () => {
    oap = await startOap({ version });
    collector = await startCollector({ protocol });
  }, 60_000);

  afterAll(async () => {
    await collector.stop();
    await oap.stop();
  });

  it('answer every call alike, those of other protocols too', async () => {
    const genuine = await answersOf(oap.grpc);
    const embedded = await answersOf(collector.address);
    for (const path of younger) {
      expect([path, genuine[path], embedded[path]]).toEqual([path, ['OK', '', undefined], UNIMPLEMENTED]);
      genuine[path] = UNIMPLEMENTED;
    }
    for (const path of later) {
      expect([path, genuine[path], embedded[path]]).toEqual([path, UNIMPLEMENTED, ['OK', '', undefined]]);
      embedded[path] = UNIMPLEMENTED;
    }
    expect(embedded).toEqual(genuine);
  });
});
