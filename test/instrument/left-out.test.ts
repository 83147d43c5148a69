import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import { v3EndpointName } from '../../src/protocol/v3/names';
import { SpanType } from '../../src/model/components';
import { currentTrace } from '../../src/tracing/current-trace';
import { resolve } from '../config/sources';
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
