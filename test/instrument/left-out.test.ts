import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import { v3EndpointName } from '../../src/protocol/v3/names';
import { SpanType } from '../../src/model/components';
import { SCOPE, type Scoped } from '../../src/instrument/scoped';
import type { Span } from '../../src/model/segment';
import { currentTrace } from '../../src/tracing/current-trace';
import type { InstrumentOptions } from '../../src/instrument/index';
import { resolve } from '../config/sources';
import { until } from '../support/until';
import { Stage, ask } from './http-fixture';

const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;

let stage: Stage;

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

const names = () => stage.segments.flatMap(({ spans }) => spans).map(({ operationName }) => operationName);

describe('probes', () => {
  const PROBED = [
    ...['/health', '/health/', '/health/liveness', '/healthz', '/healthz/db', '/healthcheck', '/health-check'],
    ...[
      '/health_check',
      '/ready',
      '/ready/',
      '/readyz',
      '/readyz/etcd',
      '/readiness',
      '/live',
      '/livez',
      '/livez/ping',
    ],
    ...['/liveness', '/actuator/health', '/actuator/health/readiness', '/health?verbose=1'],
  ];
  const OTHERS = [
    ...['/healthcare', '/healthy-food', '/health.html', '/livestream', '/live/channel-1', '/lives', '/ready/orders'],
    ...['/ready-to-wear', '/readers', '/orders/health', '/actuator', '/actuator/healthcare', '/Health'],
  ];

  it('are traced unless they are to be ignored', async () => {
    stage = new Stage();
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/health', { headers: { 'user-agent': 'kube-probe/1.31' } });
    await stage.closed(1);
  });

  it('are left out by their paths and by the name of their client', async () => {
    stage = new Stage({ instrument: { ignoreProbes: true } });
    const port = await stage.serve((_request, response) => response.end());
    for (const path of PROBED) await ask(port, path);
    await ask(port, '/orders', { headers: { 'user-agent': 'kube-probe/1.31' } });
    for (const path of OTHERS) await ask(port, path);
    await ask(port, '/orders', { headers: { 'user-agent': 'curl/8' } });
    await stage.closed(OTHERS.length + 1);
    expect(names()).toEqual([...OTHERS, '/orders']);
  });
});

describe('methods that are ignored', () => {
  it.each([
    ['http', {}],
    ['http by its exported functions', { byFunctions: true }],
    ['fetch', {}],
  ])('make no spans of servers and clients and no headers, by %s', async (how, instrument) => {
    const seen: IncomingHttpHeaders[] = [];
    stage = new Stage({ tracer: { names: () => V3 }, instrument: { ignoreMethods: ['HEAD'], ...instrument } });
    const port = await stage.serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    for (const method of ['HEAD', 'GET', 'head']) {
      if (how === 'fetch') await (await fetch(`http://127.0.0.1:${port}/${method}`, { method })).text();
      else {
        const request = http.request({ host: '127.0.0.1', port, path: `/${method}`, method, agent: false }).end();
        const [response] = (await once(request, 'response')) as [http.IncomingMessage];
        response.resume();
        await once(response, 'close');
      }
    }
    await stage.closed(2);
    expect(names()).toEqual(['/GET', '/GET']);
    expect(seen.map(({ sw8 }) => sw8 !== undefined)).toEqual([false, true, false]);
  });

  it('are served in a trace that is not recorded', async () => {
    stage = new Stage({ instrument: { ignoreMethods: ['OPTIONS'] } });
    const ids: unknown[] = [];
    const port = await stage.serve((_request, response) => {
      ids.push(currentTrace.id());
      response.end();
    });
    await ask(port, '/', { method: 'OPTIONS' });
    expect(ids).toEqual([expect.any(String)]);
    expect(stage.segments).toEqual([]);
  });
});

describe('the header of responses', () => {
  it('names the trace, recorded or not', async () => {
    stage = new Stage({ instrument: { responseHeader: 'x-trace-id', ignorePath: ['/ignored'] } });
    const ids: unknown[] = [];
    const port = await stage.serve((_request, response) => {
      ids.push(currentTrace.id());
      response.writeHead(200, ['content-type', 'text/plain']).end();
    });
    const found: unknown[] = [];
    for (const path of ['/', '/ignored']) {
      const { headers } = await ask(port, path);
      expect(headers.get('content-type')).toBe('text/plain');
      found.push(headers.get('x-trace-id'));
    }
    await stage.closed(1);
    expect(found).toEqual(ids);
    expect(found[0]).toBe(String(stage.segments[0]!.traceId));
  });

  it.each([
    ['setHeader', (response: http.ServerResponse) => response.setHeader('X-Trace-Id', 'mine')],
    ['writeHead', (response: http.ServerResponse) => response.writeHead(200, { 'X-Trace-Id': 'mine' })],
  ])('is the application’s where that sets it by %s', async (_how, set) => {
    stage = new Stage({ instrument: { responseHeader: 'x-trace-id' } });
    const port = await stage.serve((_request, response) => {
      set(response);
      response.end();
    });
    expect((await ask(port, '/')).headers.get('x-trace-id')).toBe('mine');
  });

  describe('leaves the application what Node does without it', () => {
    const lines = (head: string) => head.split('\r\n').filter((line) => !/^(Date|x-trace-id):/i.test(line));
    const LIST = ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'content-length', '0'];
    const FORMS: readonly [string, (response: http.ServerResponse) => unknown][] = [
      ['nothing', () => undefined],
      ['writeHead of a status', (response) => response.writeHead(204)],
      ['writeHead of a reason', (response) => response.writeHead(200, 'Fine', { a: '1' })],
      ['writeHead of an object', (response) => response.writeHead(200, { A: '1', b: ['1', '2'], '': 'x' } as never)],
      ['writeHead of a list', (response) => response.writeHead(200, LIST)],
      ['writeHead of an odd list', (response) => response.writeHead(200, ['a'])],
      [
        'writeHead of pairs',
        (response) =>
          response.writeHead(200, [
            ['a', '1'],
            ['a', '2'],
          ] as never),
      ],
      ['writeHead of one pair', (response) => response.writeHead(200, [['a', '1']] as never)],
      ['writeHead of null', (response) => response.writeHead(200, null as never)],
      ['writeHead of Headers', (response) => response.writeHead(200, new Headers({ a: '1' }) as never)],
      ['writeHead of a Map', (response) => response.writeHead(200, new Map([['a', '1']]) as never)],
      ['writeHead of a wrong name', (response) => response.writeHead(200, { 'a b': '1' })],
      ['writeHead of a wrong value', (response) => response.writeHead(200, { a: '\n' })],
      ['writeHead of a wrong status', (response) => response.writeHead(1)],
      ['writeHead of a trailer', (response) => response.writeHead(200, { trailer: 'x', 'content-length': 0 })],
      ['writeHead of its own', (response) => response.writeHead(200, ['X-Trace-Id', '1', 'x-trace-id', '2'])],
      ['writeHead twice', (response) => response.writeHead(200).writeHead(201)],
      ['setHeader, then a list', (response) => response.setHeader('Set-Cookie', 'c=3').writeHead(200, LIST)],
      ['setHeader of an iterable', (response) => response.setHeaders(new Map([['a', '1']]))],
      ['setHeader of a wrong value', (response) => response.setHeader('a', '\n')],
      ['appendHeader', (response) => response.appendHeader('a', '1').appendHeader('a', '2')],
      [
        'removeHeader',
        (response) => {
          response.removeHeader('x-trace-id');
          response.removeHeader('date');
        },
      ],
      [
        'removeHeader of all',
        (response) => {
          for (const name of response.getHeaderNames()) response.removeHeader(name);
        },
      ],
      [
        'flushHeaders',
        (response) => {
          response.flushHeaders();
        },
      ],
      [
        'setHeader too late',
        (response) => {
          response.flushHeaders();
          response.setHeader('a', '1');
        },
      ],
      ['write', (response) => response.write('text')],
      ['an early hint', (response) => response.writeEarlyHints({ link: '</a>; rel=preload' })],
      ['Expect', (response) => response.writeHead(200, { expect: '100-continue', connection: 'close' })],
    ];

    /** What a listener finds and a client reads. */
    async function answers(instrument: Partial<InstrumentOptions>, form: (typeof FORMS)[number][1]): Promise<unknown> {
      stage = new Stage({ instrument });
      const seen: unknown[] = [];
      const port = await stage.serve((_request, response) => {
        const look = () =>
          seen.push(
            response.getHeaders(),
            response.getHeaderNames(),
            response.hasHeader('x-trace-id'),
            response.headersSent,
          );
        look();
        try {
          seen.push(form(response) === response);
        } catch (error) {
          seen.push(String(error));
        }
        look();
        try {
          response.end();
        } catch (error) {
          seen.push(String(error));
          response.destroy();
        }
      });
      const client = await stage.connect(port);
      client.send('GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
      await until(
        () => client.isClosed,
        (isClosed) => isClosed,
      );
      return { seen, lines: lines(client.received), traceIds: client.received.match(/\r\nx-trace-id: /gi)?.length };
    }

    it.each(FORMS)('with %s', async (name, form) => {
      const bare = await answers({}, form);
      await stage.close();
      const traced = await answers({ responseHeader: 'x-trace-id' }, form);
      const isOwn = name === 'writeHead of its own';
      const isSentAtOnce = name === 'Expect';
      expect(traced).toEqual(isOwn || isSentAtOnce ? bare : { ...(bare as object), traceIds: 1 });
    });
  });

  it('is left out where the id that a caller has given is none that a header may hold', async () => {
    stage = new Stage({ instrument: { responseHeader: 'x-trace-id' } });
    const port = await stage.serve((_request, response) => {
      const trace = (response as Scoped)[SCOPE] as Span;
      trace.segment.traceId = { toString: () => 'a\r\nSet-Cookie: b' } as never;
      response.end('whole');
    });
    const response = await ask(port, '/');
    expect(await response.text()).toBe('whole');
    expect(response.headers.has('set-cookie')).toBe(false);
    expect(response.headers.get('x-trace-id')).toBeNull();
  });

  it('is not there unless it is wanted', async () => {
    stage = new Stage();
    const port = await stage.serve((_request, response) => response.end());
    expect([...(await ask(port, '/')).headers.keys()].filter((name) => name.includes('trace'))).toEqual([]);
    expect((await stage.entry()).type).toBe(SpanType.entry);
  });

  it.each(['', 'a b', 'content-length', 'Transfer-Encoding', 'Set-Cookie', 'x:y', 'x\r\ny', 'x'.repeat(65), 'трасса'])(
    'may not be called %j',
    (responseHeader) => {
      stage = new Stage();
      expect(() => resolve({ options: { responseHeader } })).toThrow(/responseHeader/);
    },
  );
});
