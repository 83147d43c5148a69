import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { SpanType } from '../../src/model/components';
import type { V2Identity } from '../../src/protocol/v2/sw6/propagator';
import type { V3Identity } from '../../src/protocol/v3/sw8/propagator';
import { ask, Stage } from './http-fixture';
import type * as Undici from 'undici7';

const V2: V2Identity = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 };
const V3: V3Identity = { protocol: 'v3', service: 'gate', instance: 'gate-1', endpoint: () => '/gate' };
/** Trace 3.4.5, segment 1.2.3. */
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const SW8 = '1-My40LjU=-MS4yLjM=-4-c3RvcmU=-c3RvcmUtMQ==-L3BvcnRhbA==-MTI3LjAuMC4xOjgwODA=';

/** As long as their names may make them. */
const LONG = Buffer.from('#'.padEnd(500, 's')).toString('base64');
const LONG_SW6 = SW6.replace('IzEyNy4wLjAuMTo4MDgw', LONG);
const LONG_SW8 = SW8.replace('c3RvcmU=', LONG);

const load = createRequire(__filename);
const undici = (version: number): typeof Undici => load(`undici${version}`) as typeof Undici;

/** Hands the headers of a request that came in on to another server; settles when that has answered. */
type Forward = (port: number, incoming: IncomingMessage) => Promise<unknown>;

const listed = (list: unknown): OutgoingHttpHeaders => list as OutgoingHttpHeaders;

const byHttp =
  (send: (options: http.RequestOptions, incoming: IncomingMessage) => http.ClientRequest): Forward =>
  async (port, incoming) => {
    const request = send({ port, host: '127.0.0.1', path: '/stock', agent: false }, incoming);
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
  };

const pairsOf = ({ headers }: { headers: IncomingHttpHeaders }): [string, string][] =>
  Object.entries(headers).filter((pair): pair is [string, string] => !['host', 'connection'].includes(pair[0]));

const HTTP: Record<string, Forward> = {
  'an object': byHttp((options, { headers }) => http.request({ ...options, headers })),
  'a list': byHttp((options, { rawHeaders }) => http.request({ ...options, headers: listed(rawHeaders) })),
  pairs: byHttp((options, incoming) =>
    http.request({ ...options, headers: listed([['Host', 'stock'], ...pairsOf(incoming)]) }),
  ),
  'Expect: 100-continue': byHttp((options, { headers }) =>
    http.request({ ...options, headers: { ...headers, Expect: '100-continue' } }),
  ),
};

const UNDICI: Record<string, Forward> = Object.fromEntries([
  ['fetch', (port, incoming) => fetch(`http://127.0.0.1:${port}/stock`, { headers: pairsOf(incoming) })],
  ...[5, 6, 7].map((version): [string, Forward] => [
    `undici ${version}`,
    async (port, incoming) => {
      // The global one is that of the version that was loaded first.
      const dispatcher = new (undici(version).Agent)();
      const headers = Object.fromEntries(pairsOf(incoming));
      const { body } = await undici(version).request(`http://127.0.0.1:${port}/stock`, { headers, dispatcher });
      await body.text();
      await dispatcher.close();
    },
  ]),
] satisfies [string, Forward][]);

const WAYS: [string, boolean, Record<string, Forward>][] = [
  ['by methods of Node’s classes', false, { ...HTTP, ...UNDICI }],
  ['by the functions that modules export', true, HTTP],
];

describe.each(WAYS)('a gateway that forwards its caller’s headers, %s', (_way, byFunctions, forwards) => {
  let stage: Stage;
  let heads: IncomingHttpHeaders[];
  let stock: number;

  async function begin(names: V2Identity | V3Identity): Promise<void> {
    stage = new Stage({ tracer: { names: () => names }, instrument: { byFunctions } });
    heads = [];
    stock = await stage.serve((request, response) => {
      heads.push(request.headers);
      response.end();
    });
  }

  afterEach(async () => {
    await stage.close();
    expect(stage.said).toEqual([]);
  });

  describe.each([
    ['sw6', SW6, V2],
    ['sw8', SW8, V3],
    ['sw6, a long one', LONG_SW6, V2],
    ['sw8, a long one', LONG_SW8, V3],
  ] as const)('%s', (title, value, names) => {
    const name = title.slice(0, 3);

    it.each(Object.entries(forwards))('is in the trace itself after the response: %s', async (_form, forward) => {
      await begin(names);
      let over: () => void = () => undefined;
      let later: Promise<unknown> | undefined;
      const gate = await stage.serve((request, response) => {
        later = new Promise<void>((resolve) => (over = resolve)).then(() => forward(stock, request));
        response.end();
      });
      await ask(gate, '/gate', { headers: { [name]: value } });
      const [answered] = await stage.closed(1);
      answered!.release();
      over();
      await later;
      const segments = await stage.closed(3);
      const called = segments.find(({ spans }) =>
        spans.some(({ operationName, type }) => operationName === '/stock' && type === SpanType.entry),
      )!;
      const late = segments.find((segment) => segment !== called && segment !== answered)!;
      expect([answered, late, called].map((segment) => String(segment!.traceId))).toEqual(['3.4.5', '3.4.5', '3.4.5']);
      expect(String(called.spans[0]!.refs![0]!.parentSegmentId)).toBe(String(late.segmentId));
    });

    it.each(Object.entries(forwards))('is in the trace itself: %s', async (_form, forward) => {
      await begin(names);
      const seen: IncomingHttpHeaders[] = [];
      const gate = await stage.serve((request, response) => {
        void forward(stock, request).then(() => {
          seen.push({ ...request.headers });
          response.end();
        });
      });
      await ask(gate, '/gate', { headers: { [name]: value, 'x-own': 'kept' } });
      const segments = await stage.closed(2);
      const [called, gateway] = ['/stock', '/gate'].map((path) =>
        segments.find(({ spans }) =>
          spans.some(({ type, operationName }) => type === SpanType.entry && operationName === path),
        ),
      );
      const exit = gateway!.spans.find(({ type }) => type === SpanType.exit)!;
      const entry = called!.spans[0]!;
      expect(segments.map(({ traceId }) => String(traceId))).toEqual(['3.4.5', '3.4.5']);
      expect(entry.refs).toMatchObject([{ parentSpanId: exit.spanId }]);
      expect(String(entry.refs![0]!.parentSegmentId)).toBe(String(gateway!.segmentId));
      expect(heads[0]!['x-own']).toBe('kept');
      // What came in is as it came.
      expect(seen[0]![name]).toBe(value);
    });
  });

  it.each(Object.entries(forwards))(
    'leaves a header that is another one to him who set it: %s',
    async (_form, forward) => {
      await begin(V2);
      const gate = await stage.serve((request, response) => {
        request.headers.sw6 = 'mine';
        request.rawHeaders[request.rawHeaders.indexOf(SW6)] = 'mine';
        void forward(stock, request).then(() => response.end());
      });
      await ask(gate, '/gate', { headers: { sw6: SW6 } });
      await stage.closed(2);
      expect(heads.map(({ sw6 }) => sw6)).toEqual(['mine']);
    },
  );

  it('is in the trace itself when it has answered already', async () => {
    await begin(V2);
    const gate = await stage.serve((request, response) => {
      response.once('close', () => void HTTP['an object']!(stock, request));
      response.end();
    });
    await ask(gate, '/gate', { headers: { sw6: SW6 } });
    const segments = await stage.closed(3);
    const [called, late] = ['/stock', '/gate'].map((path) =>
      segments.find(({ spans: [span] }) => span!.operationName === path && span!.type === SpanType.entry)!,
    );
    const exit = segments.find((segment) => segment !== called && segment !== late)!;
    expect(String(called!.spans[0]!.refs![0]!.parentSegmentId)).toBe(String(exit.segmentId));
  });
});
