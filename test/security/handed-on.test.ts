import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { context as otel, ROOT_CONTEXT, type Span, SpanKind, trace, type Tracer } from 'otel-api-1-9';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { parseCidr } from '../../src/base/patterns';
import { ContextManager } from '../../src/compat/current-context';
import { bridge } from '../../src/instrument/opentelemetry/bridge';
import { parseSw6 } from '../../src/protocol/v2/sw6/carrier';
import type { V2Identity } from '../../src/protocol/v2/sw6/propagator';
import { parseSw8 } from '../../src/protocol/v3/sw8/carrier';
import type { V3Identity } from '../../src/protocol/v3/sw8/propagator';
import { context, untraced } from '../../src/tracing/context';
import { currentTrace } from '../../src/tracing/current-trace';
import { manualSpans } from '../../src/tracing/manual/manual-spans';
import { ask, Stage, type StageOptions } from '../instrument/http-fixture';
import { tracing } from '../support/tracing';
import type * as Undici from 'undici7';

/** Trace 3.4.5. */
const SW8 = '1-My40LjU=-MS4yLjM=-4-c3RvcmU=-c3RvcmUtMQ==-L3BvcnRhbA==-MTI3LjAuMC4xOjgwODA=';
const OTHER = SW8.replace('My40LjU=', 'My40LjY=');
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const STRANGE = { sw6: SW6, sw8: SW8, 'sw8-correlation': 'dGVuYW50OmZvcmdlZA==', 'sw8-x': '1-' };
const LONG_STRANGE = {
  sw6: SW6.replace('IzEyNy4wLjAuMTo4MDgw', Buffer.from('#'.padEnd(500, 's')).toString('base64')),
  sw8: SW8.replace('c3RvcmU=', Buffer.from('s'.repeat(500)).toString('base64')),
  'sw8-correlation': 'dGVuYW50OmZvcmdlZA==,'.padEnd(3_000, 'a'),
  'sw8-x': '1-'.padEnd(3_000, ' a'),
};
const TOO_LONG = { sw8: SW8.padEnd(4_097, 'a'), sw6: SW6.padEnd(4_097, '1') };
const V3: V3Identity = { protocol: 'v3', service: 'gate', instance: 'gate-1', endpoint: () => '/gate' };
const V2: V2Identity = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 };

const load = createRequire(__filename);
const undici = (version: number): typeof Undici => load(`undici${version}`) as typeof Undici;

/** Hands the headers of a request that came in on to another server; settles when that has answered. */
type Forward = (port: number, incoming: IncomingMessage) => Promise<unknown>;

const listed = (list: unknown): OutgoingHttpHeaders => list as OutgoingHttpHeaders;

const byHttp =
  (headersOf: (incoming: IncomingMessage) => OutgoingHttpHeaders): Forward =>
  async (port, incoming) =>
    answered(http.request({ port, host: '127.0.0.1', path: '/stock', agent: false, headers: headersOf(incoming) }));

async function answered(request: http.ClientRequest): Promise<void> {
  const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
}

const pairsOf = ({ headers }: { headers: IncomingHttpHeaders }): [string, string][] =>
  Object.entries(headers).filter((pair): pair is [string, string] => !['host', 'connection'].includes(pair[0]));

const RAW_LIST = 'a list of all that came';

const HTTP: Record<string, Forward> = {
  'an object': byHttp(({ headers }) => ({ ...headers })),
  'an object of lists': byHttp(listsOf),
  [RAW_LIST]: byHttp(({ rawHeaders }) => listed([...rawHeaders])),
  pairs: byHttp((incoming) => listed([['Host', 'stock'], ...pairsOf(incoming)])),
  'Expect: 100-continue': byHttp(({ headers }) => ({ ...headers, Expect: '100-continue' })),
};

/** The way by exported functions sees what a request was made with. */
const LATER: Record<string, Forward> = {
  'setHeader, later': (port, incoming) => {
    const request = http.request({ port, host: '127.0.0.1', path: '/stock', agent: false });
    for (const [name, value] of pairsOf(incoming)) request.setHeader(name, value);
    return answered(request);
  },
};

const UNDICI: Record<string, Forward> = Object.fromEntries([
  ['fetch', (port, incoming) => fetch(`http://127.0.0.1:${port}/stock`, { headers: pairsOf(incoming) })],
  [
    'fetch, lists as text',
    (port, incoming) =>
      fetch(`http://127.0.0.1:${port}/stock`, {
        headers: Object.entries(listsOf(incoming)).map(([name, values]): [string, string] => [name, String(values)]),
      }),
  ],
  ...[5, 6, 7].flatMap((version): [string, Forward][] => {
    const by =
      (headersOf: (incoming: IncomingMessage) => Record<string, string | string[]> | string[]): Forward =>
      async (port, incoming) => {
        // The global one is that of the version that was loaded first.
        const dispatcher = new (undici(version).Agent)();
        const headers = headersOf(incoming);
        const { body } = await undici(version).request(`http://127.0.0.1:${port}/stock`, { headers, dispatcher });
        await body.text();
        await dispatcher.close();
      };
    return [
      [`undici ${version}`, by((incoming) => Object.fromEntries(pairsOf(incoming)))],
      [`undici ${version}, an object of lists`, by((incoming) => listsOf(incoming))],
    ];
  }),
] satisfies [string, Forward][]);

function listsOf({ headersDistinct }: IncomingMessage): Record<string, string[]> {
  const others = { ...headersDistinct };
  delete others.host;
  delete others.connection;
  return others as Record<string, string[]>;
}

/** Which of them it is makes no difference to whether a header goes on. */
const ONE_OF_EACH = ['an object', 'fetch'];
/** Those that may hand on a part of what came. */
const LISTS = Object.keys({ ...HTTP, ...UNDICI }).filter((form) => form.includes('list') || form === 'undici 5');

const WAYS: [string, boolean, Record<string, Forward>][] = [
  ['by methods of Node’s classes', false, { ...HTTP, ...LATER, ...UNDICI }],
  ['by the functions that modules export', true, HTTP],
];

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  expect(stage?.said ?? []).toEqual([]);
  stage = undefined;
});

interface Gateway {
  readonly port: number;
  /** The trace headers of what came to the server behind it. */
  readonly seen: Record<string, string>[];
}

/** A gateway that believes no caller and hands on all that it was sent. */
async function gateway(forward: Forward, { tracer, instrument }: StageOptions): Promise<Gateway> {
  const made = new Stage({
    tracer: { names: () => V3, ...tracer },
    instrument: { trustIncoming: 'none', ignorePath: ['/stock', '/health'], ...instrument },
  });
  stage = made;
  const seen: Record<string, string>[] = [];
  const stock = await made.serve(({ headers }, response) => {
    seen.push(
      Object.fromEntries(Object.entries(headers).filter((pair): pair is [string, string] => pair[0].startsWith('sw'))),
    );
    response.end();
  });
  const port = await made.serve((request, response) => {
    void forward(stock, request).then(
      () => response.end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return { port, seen };
}

/** From a callback that Node runs in the scope of a connection, which is opened here. */
function fromSocket(event: string, forward: Forward): Forward {
  return async (port, incoming) => {
    const other = await stage!.listen(net.createServer((socket) => socket.on('error', () => undefined).end('x')));
    await new Promise<void>((resolve, reject) => {
      const socket = net.connect(other, '127.0.0.1').on('error', reject).resume();
      socket.once(event, () => void forward(port, incoming).then(() => resolve(), reject));
    });
  };
}

/**
 * What goes out from callbacks of the one connection of a pool, which the first of these requests opens; 127.0.0.1 alone
 * is believed.
 */
async function throughPool(
  forward: Forward,
  byFunctions: boolean,
  requests: readonly (readonly [from: string, headers: OutgoingHttpHeaders])[],
): Promise<Record<string, string>[]> {
  const answers: (() => void)[] = [];
  let pooled: net.Socket | undefined;
  let database = 0;
  const { port, seen } = await gateway(
    (stock, incoming) =>
      new Promise((resolve, reject) => {
        answers.push(() => void forward(stock, incoming).then(resolve, reject));
        pooled ??= net.connect(database, '127.0.0.1').on('data', () => answers.shift()!());
        pooled.write('x');
      }),
    { instrument: { byFunctions, trustIncoming: [parseCidr('127.0.0.1/32')!] } },
  );
  database = await stage!.listen(net.createServer((socket) => socket.pipe(socket)));
  try {
    for (const [localAddress, headers] of requests)
      await context.run(untraced, () =>
        answered(http.request({ port, host: '127.0.0.1', localAddress, path: '/a', agent: false, headers })),
      );
  } finally {
    pooled?.destroy();
  }
  return seen;
}

/**
 * What goes out from a listener of a call that another request has to do with: which opened its connection, or for which
 * it waited. Of these callers, 127.0.0.1 alone is believed.
 */
async function byListener(
  listened: 'timeout' | 'response timeout' | 'error',
  byFunctions: boolean,
  stranger: OutgoingHttpHeaders,
): Promise<Record<string, string>[]> {
  const hasTimeout = listened !== 'error';
  const agent = new http.Agent({ keepAlive: hasTimeout, maxSockets: 1, ...(hasTimeout && { timeout: 300 }) });
  let shop = 0;
  let isSecondThere: (() => void) | undefined;
  const waits = new Promise<void>((resolve) => (isSecondThere = resolve));
  const { port, seen } = await gateway(
    (stock, incoming) =>
      new Promise((resolve, reject) => {
        const call = http.get({ host: '127.0.0.1', port: shop, path: incoming.url, agent });
        const handOn = (): void => void HTTP['an object']!(stock, incoming).then(resolve, reject);
        call.on('error', () => undefined);
        if (listened !== 'response timeout') call.on(listened, handOn);
        call.on('response', (response) => {
          response.on('error', () => undefined).on('end', resolve);
          if (listened === 'response timeout') response.on('timeout', handOn);
          response.resume();
        });
        if (incoming.url === '/second') isSecondThere!();
      }),
    { instrument: { byFunctions, trustIncoming: [parseCidr('127.0.0.1/32')!] } },
  );
  const server = http.createServer((request, response) => {
    if (request.url === '/second') {
      if (listened === 'response timeout') response.write('part');
    } else if (hasTimeout) response.end();
    else
      void waits.then(() => {
        server.close();
        response.setHeader('connection', 'close').end();
      });
  });
  shop = await stage!.listen(server);
  const send = (localAddress: string, path: string, headers: OutgoingHttpHeaders): Promise<void> =>
    context.run(untraced, () =>
      answered(http.request({ port, host: '127.0.0.1', localAddress, path, agent: false, headers })),
    );
  try {
    const first = send('127.0.0.1', '/first', { sw8: OTHER, 'sw8-correlation': 'YTpi' });
    if (hasTimeout) await first;
    await Promise.all([first, send('127.0.0.2', '/second', stranger)]);
  } finally {
    agent.destroy();
  }
  return seen;
}

const RECORDED = { sw8: 'sampled' };
const UNRECORDED = { sw8: 'not sampled' };

interface Row extends StageOptions {
  readonly path?: string;
  /** What the server behind it is told, of whom. */
  readonly told: Readonly<Record<string, string>>;
  readonly isPaused?: boolean;
}

const ROWS: Record<string, Row> = {
  'of a request that is recorded': { told: RECORDED },
  'of one that is recorded, on v2': { tracer: { names: () => V2 }, told: { sw6: 'sampled' } },
  'of one that is not sampled': { tracer: { sampleRate: 0 }, told: UNRECORDED },
  'of one that is not sampled, on v2': {
    tracer: { sampleRate: 0, names: () => V2 },
    told: { sw6: 'not sampled' },
  },
  'of a path that is ignored': { path: '/health', told: UNRECORDED },
  'of one that is not sampled, with empty headers': {
    tracer: { sampleRate: 0, propagateUnsampled: 'empty' },
    told: { sw8: '' },
  },
  'of one that is not sampled, with no headers': {
    tracer: { sampleRate: 0, propagateUnsampled: 'none' },
    told: {},
  },
  'of a path that is ignored, with no headers': {
    path: '/health',
    tracer: { propagateUnsampled: 'none' },
    told: {},
  },
  'of one that may be kept, with no headers': {
    tracer: { sampleRate: 0, propagateUnsampled: 'none', keep: { errors: true } },
    told: {},
  },
  'of one whose segment is full': { tracer: { maxSpansPerSegment: 1 }, told: {} },
  'of one that came while tracing is paused': { isPaused: true, told: {} },
  'to a host that gets no headers': { tracer: { doNotPropagateTo: ['127.*'] }, told: {} },
  'by a method that is ignored': { instrument: { ignoreMethods: ['GET'] }, told: {} },
  'of an agent that has nothing to say of itself': { tracer: { names: () => undefined }, told: {} },
};

const tracerOf = (): Tracer => trace.getTracer('jobs');

/** Traces of their own, or none, that are begun within the request. */
const ELSEWHERE: Record<string, <T>(fn: () => Promise<T>) => Promise<T>> = {
  'an entry': (fn) => manualSpans.entry(stage!.tracer, 'job', undefined, fn),
  'an entry with a carrier': (fn) => manualSpans.entry(stage!.tracer, 'job', { sw8: OTHER }, fn),
  'a part of an entry with a carrier': (fn) =>
    manualSpans.entry(stage!.tracer, 'job', { sw8: OTHER }, () => stage!.tracer.trace('part', fn)),
  'a span of OpenTelemetry that is a root': (fn) => tracerOf().startActiveSpan('job', { root: true }, ended(fn)),
  'one that is a consumer': (fn) =>
    tracerOf().startActiveSpan('job', { root: true, kind: SpanKind.CONSUMER }, ended(fn)),
  'one that is set in the root context': (fn) => {
    const span = tracerOf().startSpan('job', { root: true });
    return otel.with(trace.setSpan(ROOT_CONTEXT, span), () => ended(fn)(span));
  },
  'a context of OpenTelemetry without traces': (fn) =>
    otel.with(otel.active().setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true), fn),
  'the root context of OpenTelemetry': (fn) => otel.with(ROOT_CONTEXT, fn),
  'no context of skyanchor/compat': (fn) => {
    ContextManager.clearAll();
    return fn();
  },
};

function ended<T>(fn: () => Promise<T>): (span: Span) => Promise<T> {
  return (span) => fn().finally(() => span.end());
}

/** Of whom a header is. */
function whose(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const read = name === 'sw6' ? parseSw6(value) : parseSw8(value);
      if (!read) return [name, value];
      return String(read.traceId) === '3.4.5'
        ? [name, 'the stranger']
        : [name, read.isSampled ? 'sampled' : 'not sampled'];
    }),
  );
}

describe.each(WAYS)('headers of a caller who is not believed, %s', (_way, byFunctions, forwards) => {
  describe.each(Object.entries(ROWS))('%s', (_title, { path = '/a', told, isPaused, tracer, instrument }) => {
    const isWhole = told === RECORDED || tracer?.propagateUnsampled === 'none';
    const forms = Object.entries(forwards).filter(([form]) => isWhole || ONE_OF_EACH.includes(form));
    it.each(forms)('go no further: %s', async (_form, forward) => {
      const { port, seen } = await gateway(forward, {
        ...(tracer && { tracer }),
        instrument: { ...instrument, byFunctions },
      });
      if (isPaused === true) stage!.tracer.pause();
      const { status } = await ask(port, path, { headers: { ...STRANGE, 'x-own': 'kept' } });
      expect([status, seen.map(whose)]).toEqual([200, [told]]);
    });
  });

  const OF_ITS_OWN: [string, StageOptions][] = [
    ['is recorded', {}],
    ['is not sampled', { tracer: { sampleRate: 0 } }],
    ['is not sampled, with no headers', { tracer: { sampleRate: 0, propagateUnsampled: 'none' } }],
  ];

  it.each(OF_ITS_OWN)(
    'are not those that the application sets itself: of a request that %s',
    async (_title, options) => {
      const mine = { sw6: 'mine', sw8: 'mine', 'sw8-correlation': 'bWluZQ==:bWluZQ==', 'sw8-x': '0-' };
      const { port, seen } = await gateway(
        byHttp(() => mine),
        {
          ...options,
          instrument: { byFunctions },
        },
      );
      await ask(port, '/a', { headers: STRANGE });
      expect(seen).toEqual([mine]);
    },
  );

  it.each(Object.entries(forwards))('leave room for our own correlation: %s', async (_form, forward) => {
    const { port, seen } = await gateway(
      (stock, incoming) => {
        currentTrace.correlate('tenant', 'acme');
        return forward(stock, incoming);
      },
      { instrument: { byFunctions } },
    );
    await ask(port, '/a', { headers: STRANGE });
    expect(seen).toMatchObject([{ 'sw8-correlation': 'dGVuYW50:YWNtZQ==' }]);
    expect(whose(seen[0]!)).not.toHaveProperty('sw8-x');
  });

  it.each(Object.entries(forwards))('go no further where they came empty: %s', async (_form, forward) => {
    const { port, seen } = await gateway(forward, { instrument: { byFunctions } });
    await ask(port, '/a', { headers: { sw8: '', sw6: '' } });
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  it.each(Object.entries(forwards))('go no further where they are not short: %s', async (_form, forward) => {
    const { port, seen } = await gateway(forward, { instrument: { byFunctions } });
    await ask(port, '/a', { headers: LONG_STRANGE });
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  it('are not others of that length which the application sets itself', async () => {
    const mine = { sw8: 'm'.repeat(LONG_STRANGE.sw8.length), 'sw8-correlation': 'm'.repeat(3_000) };
    const { port, seen } = await gateway(
      byHttp(() => mine),
      { instrument: { byFunctions } },
    );
    await ask(port, '/a', { headers: LONG_STRANGE });
    expect(seen).toEqual([mine]);
  });

  it.each(Object.entries(forwards))('go no further where they are long: %s', async (_form, forward) => {
    const { port, seen } = await gateway(forward, { instrument: { byFunctions } });
    await ask(port, '/a', { headers: { sw8: 'a'.repeat(4_097), 'sw8-x': `1-${' '.repeat(20)}a` } });
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  it.each(
    Object.entries({
      'two values': [SW8, 'other'],
      'a value with a comma': ['a', `${SW8}, b`, 'a'],
      'none and one': ['', SW8],
      'one and none': [SW8, ''],
      'one between none': ['', SW8, '', ''],
      'one that is long': [SW8, 'a'.repeat(4_097)],
      'two that are not short': [LONG_STRANGE.sw8, OTHER],
      'a value that ends with a blank of another kind': [`${SW8}\u00a0`],
    }).flatMap(([title, values]) =>
      Object.entries(forwards)
        .filter(([form]) => LISTS.includes(form) || values.includes(''))
        .map(([form, forward]) => [title, form, forward, values] as const),
    ),
  )('go no further however often they came: %s, %s', async (_title, _form, forward, values) => {
    const { port, seen } = await gateway(forward, { instrument: { byFunctions } });
    const client = await stage!.connect(port);
    client.socket.setEncoding('latin1');
    const lines = values.map((value) => `SW8: ${value}\r\n`).join('');
    client.socket.write(`GET /a HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`, 'latin1');
    await client.has('200 OK');
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  it('go no further beside a value of the application itself', async () => {
    const { port, seen } = await gateway(
      byHttp(({ headers }) => ({ ...headers, sw8: [SW8, 'other'] as string[] })),
      { instrument: { byFunctions } },
    );
    await ask(port, '/a', { headers: STRANGE });
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  describe.each(Object.entries(ELSEWHERE))('go no further from %s', (_title, elsewhere) => {
    it.each([
      ['recorded', 1],
      ['not sampled', 0],
    ])('within a request that is %s', async (_kind, sampleRate) => {
      const { port, seen } = await gateway((stock, incoming) => elsewhere(() => HTTP['an object']!(stock, incoming)), {
        tracer: { sampleRate },
        instrument: { byFunctions },
      });
      const undo = bridge(stage!.tracer, {
        trustIncoming: 'none',
        collectQuery: false,
        ignoreSuffix: [],
        ignorePath: [],
        log: new Log(systemClock, undefined, 'off'),
      })!.undo;
      try {
        const { status } = await ask(port, '/a', { headers: STRANGE });
        expect([status, seen.length]).toEqual([200, 1]);
        expect(Object.values(whose(seen[0]!))).not.toContain('the stranger');
        expect(seen[0]).not.toHaveProperty('sw6');
        expect(seen[0]).not.toHaveProperty('sw8-x');
      } finally {
        undo();
      }
    });
  });

  describe.each(Object.entries({ short: STRANGE, long: LONG_STRANGE, 'too long': TOO_LONG }))(
    'that are %s go no further from a callback of a connection that the request has opened',
    (_title, headers) => {
      it.each(['data', 'end', 'close'])('by its event %s', async (event) => {
        for (const path of ['/a', '/health']) {
          const { port, seen } = await gateway(fromSocket(event, HTTP['an object']!), { instrument: { byFunctions } });
          const { status } = await ask(port, path, { headers });
          expect([status, seen.map(whose)]).toEqual([200, [RECORDED]]);
          await stage!.close();
        }
      });

      it('which a callback of another one has opened', async () => {
        const forward = fromSocket('data', fromSocket('data', HTTP['an object']!));
        const { port, seen } = await gateway(forward, { instrument: { byFunctions } });
        await ask(port, '/a', { headers });
        expect(seen.map(whose)).toEqual([RECORDED]);
      });

      it('and keep back no others of later requests there', async () => {
        const seen = await throughPool(HTTP['an object']!, byFunctions, [
          ['127.0.0.2', headers],
          ['127.0.0.1', { sw8: OTHER, 'sw8-correlation': 'YTpi' }],
          ['127.0.0.1', {}],
        ]);
        expect(seen.map(whose)).toEqual([RECORDED, { sw8: 'sampled', 'sw8-correlation': 'YTpi' }, RECORDED]);
        expect([seen[1]!.sw8, seen[2]!.sw8]).toEqual([OTHER, expect.not.stringContaining(OTHER)]);
      });
    },
  );

  describe.each(Object.entries({ short: STRANGE, long: LONG_STRANGE, none: {} }))(
    'that are %s go no further from a listener of a call',
    (_title, headers) => {
      it.each([
        ['which runs into the timeout of a connection that another request has opened', 'timeout'],
        ['which does so in the middle of its response', 'response timeout'],
        ['which has waited for that of another request, and cannot connect', 'error'],
      ] as const)('%s, and neither do those of the other', async (_which, listened) => {
        const seen = await byListener(listened, byFunctions, headers);
        expect(seen.map(whose)).toEqual([RECORDED]);
        expect(seen[0]!.sw8).not.toContain(OTHER.split('-')[1]);
      });
    },
  );

  it.each(['/a', '/health'])('go no further in the turns of an interval after the response: %s', async (path) => {
    let called: Promise<unknown> | undefined;
    const { port, seen } = await gateway(
      (stock, incoming) => {
        called = new Promise((resolve, reject) => {
          const interval = setInterval(() => {
            if (context.getStore() !== undefined) return;
            clearInterval(interval);
            HTTP['an object']!(stock, incoming).then(resolve, reject);
          }, 1);
        });
        return Promise.resolve();
      },
      { instrument: { byFunctions } },
    );
    await ask(port, path, { headers: STRANGE });
    await called;
    // A trace of its own, as without those headers.
    expect(seen.map(whose)).toEqual([RECORDED]);
  });

  it.each([
    ['', STRANGE],
    [', long ones', LONG_STRANGE],
  ])('go no further in a call after the response%s', async (_title, headers) => {
    let later: Promise<unknown> | undefined;
    for (const path of ['/a', '/health']) {
      const { port, seen } = await gateway(
        (stock, incoming) => {
          later = new Promise((resolve) => setImmediate(resolve)).then(async () => {
            await over;
            await HTTP['an object']!(stock, incoming);
          });
          return Promise.resolve();
        },
        { instrument: { byFunctions } },
      );
      const over = ask(port, path, { headers });
      await over;
      await later;
      expect(seen.map(whose)).toEqual([path === '/a' ? RECORDED : UNRECORDED]);
      await stage!.close();
    }
  });
});

describe('headers of callers who are not believed, in calls that wait in a pool', () => {
  /** Made with the first call, when the agent is there and has seen none of undici's. */
  const POOLS: Record<string, (api: typeof Undici, origin: string) => Undici.Dispatcher> = {
    'with a limit': ({ Pool }, origin) => new Pool(origin, { connections: 1 }),
    'that was composed': ({ Pool, interceptors }, origin) =>
      new Pool(origin, { connections: 1 }).compose(interceptors.retry()),
    'whose method was bound': ({ Dispatcher, Pool }, origin) => {
      const pool = new Pool(origin, { connections: 1 });
      return Object.assign(new Dispatcher(), { dispatch: pool.dispatch.bind(pool), close: () => pool.close() });
    },
  };

  it.each(
    Object.entries(POOLS).flatMap(([title, make]) =>
      // Version 5 composes nothing.
      (title === 'that was composed' ? [6, 7] : [5, 6, 7]).map((version) => [title, version, make] as const),
    ),
  )('%s, go no further: undici %i', async (_title, version, make) => {
    let pool: Undici.Dispatcher | undefined;
    const { port, seen } = await gateway(async (stock, incoming) => {
      const origin = `http://127.0.0.1:${stock}`;
      pool ??= make(undici(version), origin);
      const headers = { sw8: String(incoming.headers.sw8) };
      const { body } = await pool.request({ origin, path: '/stock', method: 'GET', headers });
      await body.text();
    }, {});
    const sent = Array.from({ length: 4 }, (_, nth) =>
      SW8.replace('My40LjU=', Buffer.from(`6.6.${nth}`).toString('base64')),
    );
    const answers = await Promise.all(sent.map((sw8) => ask(port, '/a', { headers: { sw8 } })));
    await pool!.close();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(seen.filter(({ sw8 }) => sent.includes(sw8!))).toEqual([]);
    // Each is called in the trace of its own request.
    expect(new Set(seen.map(({ sw8 }) => String(parseSw8(sw8!)?.traceId))).size).toBe(4);
  });
});

describe('headers of a caller who is believed', () => {
  it.each(Object.entries({ ...HTTP, ...UNDICI }))(
    'go on where we have none of our own to put there: %s',
    async (_form, forward) => {
      const { port, seen } = await gateway(forward, {
        tracer: { doNotPropagateTo: ['127.*'] },
        instrument: { trustIncoming: 'all' },
      });
      await ask(port, '/a', { headers: STRANGE });
      expect(seen).toEqual([STRANGE]);
    },
  );
});

describe('what is kept of a caller who is not believed', () => {
  const { tracer } = tracing({ names: () => V3 });

  it.each([
    ['no trace header', { host: 'a', 'x-own': 'b' }],
    ['no header', {}],
  ])('is nothing where there is %s', (_title, headers) => {
    expect(tracer.openEntry('/', headers, false)!.segment.carrier).toBeUndefined();
    expect(tracer.unrecorded('/', headers, false).foreign).toBeUndefined();
  });

  it('is the same whether the request is recorded or not, in bounds', () => {
    const headers = { ...STRANGE, sw6: 'a'.repeat(4_097), host: 'a' };
    const { foreign } = tracer.openEntry('/', headers, false)!.segment;
    const [, ...others] = Object.entries(STRANGE);
    expect(foreign!.pairs).toEqual([...others, ['sw6', null]]);
    expect(tracer.unrecorded('/', headers, false).foreign).toEqual(foreign);
  });
});
