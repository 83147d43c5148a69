import { AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import { noteRoute } from '../../src/instrument/route/route';
import { currentTrace } from '../../src/tracing/current-trace';
import { manualSpans } from '../../src/tracing/manual/manual-spans';
import { parseSw6 } from '../../src/protocol/v2/sw6/carrier';
import { parseSw8 } from '../../src/protocol/v3/sw8/carrier';
import { v3EndpointName } from '../../src/protocol/v3/names';
import { Stage, ask, type StageOptions } from './http-fixture';
import type { TracerOptions } from '../../src/tracing/tracer';

/** Trace 3.4.5, segment 1.2.3, span 4. */
const SW8 = '1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=';
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;
const V2 = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 } as const;

let stage: Stage;
let seen: IncomingHttpHeaders[];
let ids: (string | undefined)[];
let shop: number;

type Call = (port: number, headers?: Readonly<Record<string, string>>) => Promise<unknown>;

const byHttp: Call = async (port, headers = {}) => {
  const [response] = (await once(
    http.get({ host: '127.0.0.1', port, path: '/stock/8', agent: false, headers }),
    'response',
  )) as [http.IncomingMessage];
  response.resume();
  await once(response, 'close');
};
const byFetch: Call = async (port) => (await fetch(`http://127.0.0.1:${port}/stock/8`)).text();

/** A shop that notes its trace id and calls a stock, whose headers are seen. */
async function begin(
  tracer: Partial<TracerOptions>,
  { call = byHttp, instrument = {} }: { call?: Call; instrument?: StageOptions['instrument'] } = {},
): Promise<void> {
  stage = new Stage({ tracer: { names: () => V3, ...tracer }, instrument: { groupEndpoints: true, ...instrument } });
  const stock = await stage.serve((request, response) => {
    seen.push(request.headers);
    response.end();
  });
  shop = await stage.serve((_request, response) => {
    ids.push(currentTrace.id());
    void call(stock).then(() => response.end());
  });
}

beforeEach(() => {
  seen = [];
  ids = [];
});

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

describe.each([
  ['http', byHttp, {}],
  ['http by its exported functions', byHttp, { byFunctions: true }],
  ['fetch', byFetch, {}],
])('a request that is not sampled, with a call by %s', (_how, call, instrument) => {
  it('has a trace id, which sw8 hands on with the word that it is not recorded', async () => {
    await begin({ sampleRate: 0 }, { call, instrument });
    await ask(shop, '/orders/7');
    expect(ids).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    const sw8 = parseSw8(seen[0]!.sw8)!;
    expect({ ...sw8, traceId: String(sw8.traceId) }).toMatchObject({
      isSampled: false,
      traceId: ids[0],
      parentSpanId: 0,
      parentService: 'orders',
      parentInstance: 'orders-1',
      parentEndpoint: 'GET:/orders/{id}',
    });
    expect(stage.segments).toEqual([]);
  });

  it('hands the same on by sw6', async () => {
    await begin({ sampleRate: 0, names: () => V2 }, { call, instrument });
    await ask(shop, '/orders/7');
    const sw6 = parseSw6(seen[0]!.sw6)!;
    expect({ ...sw6, traceId: String(sw6.traceId) }).toMatchObject({
      isSampled: false,
      traceId: ids[0],
      parentInstanceId: 7,
      entryInstanceId: 7,
      parentEndpoint: '/orders/{id}',
    });
    expect(seen[0]!.sw8).toBeUndefined();
  });

  it.each([
    ['sw8', 'v3', V3],
    ['sw6', 'v2', V2],
  ] as const)('sends an empty %s on %s where that is wanted', async (header, _protocol, names) => {
    await begin({ sampleRate: 0, propagateUnsampled: 'empty', names: () => names }, { call, instrument });
    await ask(shop, '/');
    expect([seen[0]![header], ids[0]]).toEqual(['', expect.any(String)]);
  });

  it('sends no header where none is wanted', async () => {
    await begin({ sampleRate: 0, propagateUnsampled: 'none' }, { call, instrument });
    await ask(shop, '/');
    expect([seen[0]!.sw8, ids[0]]).toEqual([undefined, expect.any(String)]);
  });

  it.each(['id', 'empty'] as const)('sends no header (%s) to a host that gets none', async (propagateUnsampled) => {
    await begin({ sampleRate: 0, propagateUnsampled, propagateTo: ['*.internal'] }, { call, instrument });
    await ask(shop, '/');
    expect(Object.keys(seen[0]!).filter((name) => name.startsWith('sw'))).toEqual([]);
  });

  it.each(['id', 'empty'] as const)('sends no header (%s) to a host that is excepted', async (propagateUnsampled) => {
    await begin({ sampleRate: 0, propagateUnsampled, doNotPropagateTo: ['127.*'] }, { call, instrument });
    await ask(shop, '/');
    expect(Object.keys(seen[0]!).filter((name) => name.startsWith('sw'))).toEqual([]);
  });

  it('sends no header before this process is registered', async () => {
    await begin({ sampleRate: 0, names: () => ({ ...V2, instanceId: 0 }) }, { call, instrument });
    await ask(shop, '/');
    expect(seen[0]!.sw6).toBeUndefined();
  });
});

describe('a request', () => {
  it.each([
    ['sw8', SW8, V3],
    ['sw6', SW6, V2],
  ] as const)(
    'that the caller does not record by %s keeps the id of its trace on the way',
    async (header, value, names) => {
      await begin({ names: () => names });
      await ask(shop, '/', { headers: { [header]: `0${value.slice(1)}` } });
      expect(ids).toEqual(['3.4.5']);
      const next = header === 'sw8' ? parseSw8(seen[0]!.sw8) : parseSw6(seen[0]!.sw6);
      expect([String(next!.traceId), next!.isSampled]).toEqual(['3.4.5', false]);
      expect(stage.segments).toEqual([]);
    },
  );

  it.each(['sw8', 'sw6'])('with an empty %s is not traced, and neither is what it calls', async (header) => {
    await begin({});
    await ask(shop, '/', { headers: { [header]: '' } });
    expect(parseSw8(seen[0]!.sw8)).toMatchObject({ isSampled: false });
    expect(stage.segments).toEqual([]);
  });

  it('with an empty header of a caller that is not trusted is traced', async () => {
    await begin({}, { instrument: { trustIncoming: 'none' } });
    await ask(shop, '/', { headers: { sw8: '' } });
    await stage.closed(2);
  });

  it('with an empty sw8 beside a valid sw6 goes on with that', async () => {
    await begin({});
    await ask(shop, '/', { headers: { sw8: '', sw6: SW6 } });
    const [, segment] = await stage.closed(2);
    expect(String(segment!.traceId)).toBe('3.4.5');
  });

  it('that is ignored has the id of its caller, and what it calls is not recorded', async () => {
    await begin({}, { instrument: { ignorePath: ['/health'] } });
    await ask(shop, '/health', { headers: { sw8: SW8 } });
    expect(ids).toEqual(['3.4.5']);
    expect(parseSw8(seen[0]!.sw8)).toMatchObject({ isSampled: false });
    expect(stage.segments).toEqual([]);
  });

  it('has an id while tracing is paused, and a call of it decides for itself', async () => {
    await begin({});
    stage.tracer.pause();
    await ask(shop, '/', { headers: { sw8: SW8 } });
    expect(ids).toEqual(['3.4.5']);
    expect(seen[0]!.sw8).toBeUndefined();
  });

  it('has its id also where the segment is full', async () => {
    await begin({ maxSpansPerSegment: 1 });
    await ask(shop, '/', { headers: { sw8: SW8 } });
    expect(ids).toEqual(['3.4.5']);
  });

  it('that is not sampled hands on what the application gave it along', async () => {
    await begin(
      { sampleRate: 0 },
      {
        call: (port) => {
          expect(currentTrace.correlate('tenant', 'acme')).toBe(true);
          return byHttp(port);
        },
      },
    );
    await ask(shop, '/');
    expect(seen[0]!['sw8-correlation']).toBe('dGVuYW50:YWNtZQ==');
  });

  it('that is not sampled has a current span with the id, which takes nothing', async () => {
    let found: unknown;
    await begin(
      { sampleRate: 0 },
      {
        call: async (port) => {
          const span = manualSpans.current(stage.tracer)!;
          span.tag('a', 1);
          span.error(new Error('b'));
          span.setOperationName('c');
          found = [span.traceId, span.segmentId, span.spanId];
          return byHttp(port);
        },
      },
    );
    await ask(shop, '/');
    expect(found).toEqual([ids[0], '', -1]);
  });
});

describe('a call after the response of a request that is not recorded', () => {
  let later: (() => Promise<unknown>) | undefined;
  let stock: number;
  let handedOn: Readonly<Record<string, string>>;

  beforeEach(() => {
    handedOn = {};
  });

  /** Answers at once; what it does `later` belongs to the request all the same. */
  async function beginLate(answer: http.RequestListener): Promise<void> {
    await begin({}, { instrument: { ignorePath: ['/orders/*'] } });
    stock = await stage.serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    shop = await stage.serve((request, response) => {
      const call = AsyncResource.bind(() => byHttp(stock, handedOn));
      later = async () => call();
      answer(request, response);
    });
  }

  const SAID = { isSampled: false, parentService: 'orders' } as const;

  const LONG = SW8.replace('c2VydmljZQ==', Buffer.from('s'.repeat(500)).toString('base64'));

  it.each([
    ['', SW8],
    [', where the header is long', LONG],
  ])('hands on the trace, the words and the name of the request%s', async (_title, value) => {
    await beginLate((_request, response) => response.end());
    await ask(shop, '/orders/7', { headers: { sw8: value, 'sw8-correlation': 'dGVuYW50:YWNtZQ==' } });
    await later!();
    const sw8 = parseSw8(seen[0]!.sw8)!;
    expect({ ...sw8, traceId: String(sw8.traceId) }).toMatchObject({
      ...SAID,
      traceId: '3.4.5',
      parentEndpoint: 'GET:/orders/{id}',
    });
    expect(seen[0]!['sw8-correlation']).toBe('dGVuYW50:YWNtZQ==');
  });

  it.each([SW8, LONG])('says so where the application hands on what came: %s', async (value) => {
    await beginLate((_request, response) => response.end());
    await ask(shop, '/orders/7', { headers: { sw8: value } });
    handedOn = { sw8: value };
    await later!();
    expect(parseSw8(seen[0]!.sw8)).toMatchObject(SAID);
  });

  it('names the route that the request had when it ended', async () => {
    await beginLate((request, response) => {
      noteRoute(request, '/orders/:number');
      response.end();
    });
    await ask(shop, '/orders/7');
    await later!();
    expect(parseSw8(seen[0]!.sw8)).toMatchObject({ ...SAID, parentEndpoint: 'GET:/orders/:number' });
  });

  it('has no longer name than a span would have', async () => {
    await begin({ sampleRate: 0 });
    expect(stage.tracer.unrecorded(`/${'x'.repeat(16_000)}`).operationName).toHaveLength(512);
  });
});

describe('a call outside any request', () => {
  it('that is not sampled says so to the service that it calls', async () => {
    await begin({ sampleRate: 0 });
    const stock = await stage.serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    await byHttp(stock);
    expect(parseSw8(seen[0]!.sw8)).toMatchObject({ isSampled: false, parentEndpoint: '/stock/8' });
  });

  it('in an interval of an unrecorded request leaves its trace when the request is over', async () => {
    const turns: (string | undefined)[] = [];
    let interval: NodeJS.Timeout | undefined;
    await begin(
      { sampleRate: 0 },
      {
        call: async () => {
          interval = setInterval(() => turns.push(currentTrace.id()), 1);
          while (turns.length === 0) await new Promise((resolve) => setImmediate(resolve));
        },
      },
    );
    await ask(shop, '/');
    const during = turns.length;
    while (turns.length <= during + 1) await new Promise((resolve) => setImmediate(resolve));
    clearInterval(interval);
    expect(turns[0]).toBe(ids[0]);
    expect(turns.at(-1)).toBeUndefined();
  });
});

describe('work by hand that is not sampled', () => {
  it('has one id throughout, also in a message of its own protocol', async () => {
    await begin({ sampleRate: 0 });
    const { tracer } = stage;
    const headers: Record<string, string> = {};
    const [outer, inner] = tracer.trace('job', (span) =>
      manualSpans.exit(tracer, 'publish', 'mqtt:1883', (exit, inject) => {
        inject((name, value) => (headers[name] = value));
        return [span.traceId, exit.traceId, currentTrace.id()];
      }),
    );
    expect(inner).toBe(outer);
    expect(parseSw8(headers.sw8)).toMatchObject({ isSampled: false, parentEndpoint: 'job' });
    const received = manualSpans.entry(tracer, 'received', headers, (span) => [span.traceId, currentTrace.id()]);
    expect(received).toEqual([outer, outer]);
    expect(stage.segments).toEqual([]);
  });
});
