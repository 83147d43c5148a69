import { EventEmitter, once } from 'node:events';
import http, { IncomingMessage, ServerResponse } from 'node:http';
import tls from 'node:tls';
import { currentTrace } from '../../src/tracing/current-trace';
import { Component, Layer, SpanType } from '../../src/model/components';
import { CERTIFICATE, KEY } from '../config/certificates';
import { FakeClock } from '../support/fake-clock';
import { logsOf } from '../support/tracing';
import { until } from '../support/until';
import { ask, Stage, type StageOptions } from './http-fixture';

let stage: Stage;

/** Puts another stage in the place of the plain one. */
function restage(options: StageOptions): void {
  stage.disable();
  stage = new Stage(options);
}

beforeEach(() => {
  stage = new Stage();
});

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

/** What Next.js notes on a request. */
function nextMeta(meta: unknown): object {
  return { [Symbol.for('NextInternalRequestMeta')]: meta };
}

describe('a request to an http server', () => {
  it('is an entry span with path, url, method, status, component and layer', async () => {
    const port = await stage.serve((_request, response) => response.writeHead(201).end('made'));
    await ask(port, '/orders/7', { method: 'POST', body: 'x' });
    expect(await stage.entry()).toMatchObject({
      operationName: '/orders/7',
      type: SpanType.entry,
      layer: Layer.http,
      componentId: Component.httpServer,
      method: 'POST',
      url: `http://127.0.0.1:${port}/orders/7`,
      statusCode: 201,
      isError: false,
      spanId: 0,
      parentSpanId: -1,
      logs: undefined,
    });
  });

  it('is an entry span for https, too, and once', async () => {
    const port = await stage.serveTls({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.end('GET /secret HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
    await once(socket.resume(), 'close');
    expect(await stage.entry()).toMatchObject({ operationName: '/secret', url: 'https://shop.example/secret' });
  });

  it('is over when its response says so, also where requests are injected without a network', async () => {
    const server = http.createServer((_request, response) => response.writeHead(202).emit('finish'));
    const request = Object.assign(new IncomingMessage(null as never), { method: 'GET', url: '/injected' });
    server.emit('request', request, new ServerResponse(request));
    expect(await stage.entry()).toMatchObject({ statusCode: 202, isError: false, logs: undefined });
  });

  it('lasts until the response is finished', async () => {
    const port = await stage.serve((_request, response) => {
      response.write('first');
      setTimeout(() => response.end('last'), 60);
    });
    await ask(port, '/');
    const { startTime, endTime } = await stage.entry();
    expect(endTime - startTime).toBeGreaterThanOrEqual(50);
    expect(Math.abs(Date.now() - startTime)).toBeLessThan(10_000);
  });

  it.each([
    [200, false],
    [304, false],
    [399, false],
    [400, true],
    [404, true],
    [500, true],
  ])('that is answered by %d: is it an error? %s', async (statusCode, isError) => {
    const port = await stage.serve((_request, response) => response.writeHead(statusCode).end());
    await ask(port, '/');
    expect(await stage.entry()).toMatchObject({ statusCode, isError });
  });

  it('of any method is traced, HEAD too', async () => {
    const port = await stage.serve((_request, response) => response.end('ok'));
    for (const method of ['HEAD', 'OPTIONS', 'DELETE', 'PATCH']) await ask(port, '/', { method });
    const spans = (await stage.closed(4)).map(({ spans: [span] }) => span!.method);
    expect(spans).toEqual(['HEAD', 'OPTIONS', 'DELETE', 'PATCH']);
  });

  it('has its final status, whatever was sent before it', async () => {
    const port = await stage.serve((_request, response) => {
      response.writeContinue();
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(202).end('done');
    });
    const client = await stage.connect(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.has('done');
    expect(await stage.entry()).toMatchObject({ statusCode: 202 });
  });

  it('is traced by a server that was there before the agent', async () => {
    stage.disable();
    const port = await stage.serve((_request, response) => response.end('ok'));
    await ask(port, '/untraced');
    const later = new Stage();
    await ask(port, '/traced');
    expect((await later.entry()).operationName).toBe('/traced');
    await later.close();
  });
});

describe('the name of an entry span', () => {
  const AT = 'http://user:pw@shop.example:81';

  it.each([
    ['/', '/', 'http://h/'],
    ['/a?b=c', '/a', 'http://h/a'],
    ['/a?b=c?d', '/a', 'http://h/a'],
    ['/?', '/', 'http://h/'],
    ['/a#b?c', '/a', 'http://h/a'],
    ['//a/b', '//a/b', 'http://h//a/b'],
    ['//', '//', 'http://h//'],
    ['/a%20b/%zz', '/a%20b/%zz', 'http://h/a%20b/%zz'],
    ['/http://x/y', '/http://x/y', 'http://h/http://x/y'],
    [`${AT}/a?b`, '/a', 'http://shop.example:81/a'],
    [`${AT}?b`, '/', 'http://shop.example:81/'],
    [AT, '/', 'http://shop.example:81/'],
    ['http://[::1]:80/a', '/a', 'http://[::1]:80/a'],
    ['http:///user:pw@shop.example/a', '/a', 'http://shop.example/a'],
    ['/proxy/http:/user:pw@x/a', '/proxy/http:/x/a', 'http://h/proxy/http:/x/a'],
  ])('of GET %s is %s', async (target, name, url) => {
    const port = await stage.serve((_request, response) => response.end('done'));
    const client = await stage.connect(port);
    client.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await client.has('done');
    expect(await stage.entry()).toMatchObject({ operationName: name, url });
  });

  it('of OPTIONS * is *', async () => {
    const port = await stage.serve((_request, response) => response.end('done'));
    const client = await stage.connect(port);
    client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.has('done');
    expect(await stage.entry()).toMatchObject({ operationName: '*', url: 'http://h/*' });
  });

  it.each(['', undefined, null, 7])('is / where the application made a request whose url is %j', async (url) => {
    const server = http.createServer();
    const request = Object.assign(new IncomingMessage(null as never), { url, method: 'GET' });
    const response = new ServerResponse(request);
    server.emit('request', request, response);
    response.emit('close');
    expect(await stage.entry()).toMatchObject({ operationName: '/', url: 'http://localhost:80/' });
  });

  it('is the route where the framework says it: the pattern, not the path', async () => {
    const port = await stage.serve((request, response) => {
      request.url = '/7';
      Object.assign(request, { baseUrl: '/orders', route: { path: '/:id' } });
      response.end();
    });
    await ask(port, '/orders/7?a=b');
    expect(await stage.entry()).toMatchObject({
      operationName: '/orders/:id',
      url: `http://127.0.0.1:${port}/orders/7`,
    });
  });

  it.each([
    ['/orders', { route: { path: '/' }, baseUrl: '/orders' }, '/orders'],
    ['/', { route: { path: '/' }, baseUrl: '' }, '/'],
    ['/7', { route: { path: '/:id' } }, '/:id'],
    ['/orders/7', { route: { path: /^x/ }, baseUrl: '' }, '/^x/'],
    ['/orders/7', { route: { path: ['/a', '/b'] } }, '/a,/b'],
    ['/orders/7', { route: null, baseUrl: '/orders' }, '/orders/7'],
    ['/orders/7', { route: 'x' }, '/orders/7'],
    [
      '/orders/7',
      {
        ...nextMeta({ match: { definition: { pathname: '/orders/[id]' } } }),
        app: () => undefined,
        params: { id: '7' },
      },
      '/orders/[id]',
    ],
    ['/orders/7', nextMeta({ match: { definition: { pathname: 7 } } }), '/orders/7'],
    ['/orders/7', nextMeta({ match: null }), '/orders/7'],
    ['/orders/7', nextMeta(null), '/orders/7'],
  ])('%s with %j on the request is %s', async (path, fields, name) => {
    const port = await stage.serve((request, response) => {
      Object.assign(request, fields);
      response.end();
    });
    await ask(port, path);
    expect((await stage.entry()).operationName).toBe(name);
  });
});

describe('the url tag', () => {
  it('has the query only where it is wanted', async () => {
    restage({ instrument: { collectQuery: true } });
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/a?secret=7&b');
    expect(await stage.entry()).toMatchObject({
      operationName: '/a',
      url: `http://127.0.0.1:${port}/a?secret=7&b`,
    });
  });

  it('never has user info, though it be in the Host header', async () => {
    const port = await stage.serve((_request, response) => response.end('done'));
    const client = await stage.connect(port);
    client.send('GET /a HTTP/1.1\r\nHost: user:pw@shop.example\r\n\r\n');
    await client.has('done');
    expect((await stage.entry()).url).toBe('http://shop.example/a');
  });

  it('has our own address where the client names none', async () => {
    const port = await stage.serve((_request, response) => response.end('done'));
    const client = await stage.connect(port);
    client.send('GET /a HTTP/1.0\r\n\r\n');
    await client.has('done');
    expect((await stage.entry()).url).toBe(`http://127.0.0.1:${port}/a`);
  });

  it.each(['h\x9b31m\xad', 'b\xfccher.example', 'a b', 'shop\t.example'])(
    'has it also where the Host header holds what a host does not: %j',
    async (host) => {
      const port = await stage.serve((_request, response) => response.end('done'));
      const client = await stage.connect(port);
      client.socket.write(Buffer.from(`GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1'));
      await client.has('done');
      expect((await stage.entry()).url).toBe(`http://127.0.0.1:${port}/a`);
    },
  );

  it('is bounded', async () => {
    const port = await stage.serve((_request, response) => response.end('done'));
    const client = await stage.connect(port);
    client.send(`GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: ${'h'.repeat(4_000)}\r\n\r\n`);
    await client.has('done');
    const { url, operationName } = await stage.entry();
    expect([url.length, operationName.length]).toEqual([2048, 512]);
  });
});

describe('one request is one entry span', () => {
  it('however often the application takes its listener off and puts it on again', async () => {
    const server = http.createServer();
    const listener = (_request: IncomingMessage, response: ServerResponse): void => void response.end();
    for (let n = 0; n < 10; n++) server.on('request', listener).off('request', listener);
    server.on('request', listener);
    const port = await stage.listen(server);
    await ask(port, '/');
    await stage.closed(1);
  });

  it('whatever the number of listeners', async () => {
    const server = http.createServer((_request, response) => response.end());
    let heard = 0;
    for (let n = 0; n < 5; n++) server.on('request', () => heard++);
    await ask(await stage.listen(server), '/');
    await stage.closed(1);
    expect(heard).toBe(5);
  });

  it('also if one server hands it to another', async () => {
    const opened = jest.spyOn(stage.tracer, 'openEntry');
    const inner = http.createServer((_request, response) => response.end());
    const port = await stage.serve((request, response) => {
      setImmediate(() => inner.emit('request', request, response));
    });
    await ask(port, '/');
    await stage.closed(1);
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it('also if the application answers "Expect: 100-continue" itself', async () => {
    const server = http.createServer((request, response) => request.resume().on('end', () => response.end('done')));
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      server.emit('request', request, response);
    });
    server.on('checkExpectation', (_request, response: ServerResponse) => response.writeHead(417).end());
    const port = await stage.listen(server);
    const client = await stage.connect(port);
    client.send('POST /big HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.has('100 Continue');
    client.send('body');
    await client.has('done');
    client.send('POST /odd HTTP/1.1\r\nHost: h\r\nExpect: wonders\r\nContent-Length: 0\r\n\r\n');
    await client.has('417');
    const spans = (await stage.closed(2)).flatMap((segment) => segment.spans);
    expect(spans.map((span) => [span.operationName, span.statusCode])).toEqual([
      ['/big', 200],
      ['/odd', 417],
    ]);
  });

  it('also if a second copy of the agent is loaded into the process: the later one traces', async () => {
    const second = new Stage();
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/');
    await second.closed(1);
    expect(stage.segments).toHaveLength(0);
    await second.close();
  });
});

describe('overlapping requests', () => {
  it('are never merged', async () => {
    const port = await stage.serve((request, response) => {
      const n = Number(request.url!.slice(1));
      const before = currentTrace.id();
      void (async () => {
        for (let step = 0; step < 4; step++) {
          if (n % 3 === 0) await Promise.resolve();
          else if (n % 3 === 1) await new Promise(setImmediate);
          else await new Promise((resolve) => setTimeout(resolve, n % 7));
          await stage.tracer.trace(`step of ${n}`, async () => {
            await new Promise(setImmediate);
          });
        }
        expect(currentTrace.id()).toBe(before);
        response.end(before);
      })();
    });
    const answers = await Promise.all(Array.from({ length: 150 }, async (_, n) => (await ask(port, `/${n}`)).text()));
    const segments = await stage.closed(150);
    expect(new Set(answers).size).toBe(150);
    for (const { spans, traceId } of segments) {
      const entry = spans.at(-1)!;
      const n = entry.operationName.slice(1);
      expect(spans.map((span) => span.operationName)).toEqual([...Array(4).fill(`step of ${n}`), `/${n}`]);
      expect(spans.slice(0, -1).map((span) => span.parentSpanId)).toEqual([0, 0, 0, 0]);
      expect(String(traceId)).toBe(answers[Number(n)]);
    }
  });

  it('on one connection are apart, one after the other and pipelined', async () => {
    const port = await stage.serve((request, response) => {
      setTimeout(() => response.end(`[${request.url} ${currentTrace.id()}]`), request.url === '/1' ? 40 : 1);
    });
    const client = await stage.connect(port);
    client.send([1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''));
    await client.has('[/3');
    client.send('GET /4 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.has('[/4');
    const segments = await stage.closed(4);
    const shown = segments.map(({ spans, traceId }) => `[${spans[0]!.operationName} ${String(traceId)}]`);
    expect(client.received.match(/\[.*?\]/g)!.sort()).toEqual(shown.sort());
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(4);
  });
});

describe('the scope of a request', () => {
  it('reaches the listeners of its body, also for a client that sends it slowly', async () => {
    const seen: (string | undefined)[] = [];
    const port = await stage.serve((request, response) => {
      const note = (): void => void seen.push(currentTrace.id());
      note();
      request.on('data', note).on('end', () => {
        note();
        response.end('done');
      });
      response.on('finish', note).on('close', note);
    });
    const client = await stage.connect(port);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n');
    await until(() => seen.length === 1);
    client.send('a');
    await until(() => seen.length === 2);
    client.send('b');
    await client.has('done');
    await until(() => seen.length === 6);
    const [segment] = await stage.closed(1);
    expect(seen).toEqual(Array(6).fill(String(segment!.traceId)));
  });

  it('is left again: nothing outside is in a trace', async () => {
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/');
    expect(currentTrace.id()).toBeUndefined();
    await new Promise(setImmediate);
    expect(currentTrace.id()).toBeUndefined();
  });

  it('includes what an access log does when the response is finished', async () => {
    const port = await stage.serve((_request, response) => {
      response.on('finish', () => stage.tracer.trace('access log', () => undefined));
      response.end();
    });
    await ask(port, '/');
    const [segment] = await stage.closed(1);
    expect(segment!.spans.map((span) => span.operationName)).toEqual(['access log', '/']);
  });
});

describe('a client that goes away', () => {
  it('before there was an answer: an error without a status', async () => {
    let isAsked = false;
    const port = await stage.serve((request, response) => {
      isAsked = true;
      response.on('close', () => request.destroy());
    });
    const client = await stage.connect(port);
    client.send('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(() => isAsked);
    client.socket.destroy();
    const span = await stage.entry();
    expect(span).toMatchObject({ operationName: '/slow', statusCode: 0, isError: true });
    expect(logsOf(span)[0]).toMatchObject({ event: 'error', 'error.kind': 'ConnectionClosed' });
  });

  it('in the middle of the answer, as from an event stream: no error, but a log', async () => {
    const port = await stage.serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const client = await stage.connect(port);
    client.send('GET /events HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.has('data: 1');
    client.socket.destroy();
    const span = await stage.entry();
    expect(span).toMatchObject({ statusCode: 200, isError: false });
    expect(logsOf(span)).toEqual([{ event: 'aborted', message: expect.any(String) }]);
  });

  it.each([
    ['before it has all that was announced: a log', 6, 1],
    ['when it has all that was announced, before the response is ended: no log', 5, 0],
  ])('%s', async (_title, announced, logs) => {
    const port = await stage.serve((_request, response) => {
      response.writeHead(200, { 'content-length': announced }).write('whole');
    });
    const client = await stage.connect(port);
    client.send('GET /file HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.has('whole');
    client.socket.end();
    expect(logsOf(await stage.entry())).toHaveLength(logs);
  });

  it('while further requests wait behind one on its connection: all of them end', async () => {
    const listeners: number[] = [];
    const port = await stage.serve(({ socket }) => listeners.push(socket.listenerCount('close')));
    const client = await stage.connect(port);
    client.send(Array.from({ length: 20 }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''));
    await until(() => listeners.length === 20);
    client.socket.destroy();
    const segments = await stage.closed(20);
    expect(segments.map(({ spans: [span] }) => span!.isError)).toEqual(Array(20).fill(true));
    // Ten more, and Node would warn the host of a leak.
    expect(Math.max(...listeners) - Math.min(...listeners)).toBeLessThanOrEqual(1);
  });

  it('because the application gave the response up with an error: that error', async () => {
    const port = await stage.serve((_request, response) => {
      response.write('first');
      setImmediate(() => response.destroy(new RangeError('the file ended early')));
      response.on('error', () => undefined);
    });
    await ask(port, '/').catch(() => undefined);
    const span = await stage.entry();
    expect(span).toMatchObject({ statusCode: 200, isError: true });
    expect(logsOf(span)[0]).toMatchObject({ 'error.kind': 'RangeError', message: 'the file ended early' });
  });
});

describe('what is no request', () => {
  it('is left alone: upgrades to websockets and CONNECT', async () => {
    const server = http.createServer();
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nupgraded'));
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nconnected'));
    const port = await stage.listen(server);
    const upgrading = await stage.connect(port);
    upgrading.send('GET /chat HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await upgrading.has('upgraded');
    const connecting = await stage.connect(port);
    connecting.send('CONNECT other:443 HTTP/1.1\r\nHost: h\r\n\r\n');
    await connecting.has('connected');
    await stage.closed(0);
  });

  it('reaches its listeners with just the arguments that were given', () => {
    const server = http.createServer();
    const heard: unknown[][] = [];
    server.on('ours', (...args: unknown[]) => heard.push(args));
    const given = [[], [1], [1, undefined], [1, 2, 3], [1, 2, 3, 4, 5, 6, 7]];
    for (const args of given) expect(server.emit('ours', ...args)).toBe(true);
    expect(server.emit('unheard', 1)).toBe(false);
    expect(heard).toEqual(given);
  });

  it('may come behind a request and its response: all that a server is given reaches its listeners', () => {
    const server = http.createServer();
    const seen: unknown[][] = [];
    server.on('request', (...args: unknown[]) => seen.push(args.slice(2)));
    const given = [[], ['tenant'], [undefined], ['tenant', 1, null]];
    for (const more of given) {
      const request = new IncomingMessage(null as never);
      expect(server.emit('request', request, new ServerResponse(request), ...more)).toBe(true);
    }
    expect(seen).toEqual(given);
  });

  it('may be called a request: what is none of Node is passed on', async () => {
    const server = http.createServer();
    const heard: unknown[][] = [];
    server.on('request', (...args: unknown[]) => heard.push(args));
    const given = [[], [{}], [{}, {}], [null, null], [undefined, new EventEmitter()], [1, 2, 3]];
    for (const args of given) expect(server.emit('request', ...args)).toBe(true);
    expect(heard.map((args) => args.slice(0, 2)).map(String)).toEqual(
      given.map((args) => args.slice(0, 2)).map(String),
    );
    await stage.closed(0);
  });
});

describe('requests that are ignored', () => {
  it.each([
    ['/logo.png', false],
    ['/LOGO.PNG', false],
    ['/a.b/style.css?v=1', false],
    ['/archive.tar.gz', false],
    ['/ping', false],
    ['/health', false],
    ['/internal/a/b', false],
    ['/logo.png/orders', true],
    ['/orders?file=a.png', true],
    ['/healthy', true],
    ['/png', true],
    ['/a.gz', true],
  ])('%s: is it traced? %s', async (path, isTraced) => {
    restage({
      instrument: {
        ignoreSuffix: ['.png', '.css', '.tar.gz', 'ping', ''],
        ignorePath: ['/health', '/internal/*'],
      },
    });
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, path);
    await stage.closed(isTraced ? 1 : 0);
  });

  it('make no traces by what they call, either', async () => {
    restage({ instrument: { ignorePath: ['/health'] } });
    const other = await stage.serve((_request, response) => response.end());
    const port = await stage.serve((request, response) => {
      request.resume().on('end', () => {
        http.get({ port: other, path: '/other' }, (answer) => answer.resume().on('end', () => response.end()));
      });
    });
    await ask(port, '/health', { method: 'POST', body: 'x' });
    expect((await stage.entry()).operationName).toBe('/other');
    expect(stage.exits).toEqual([]);
  });

  it('are, if not sampled, not traced at all', async () => {
    const clock = new FakeClock();
    clock.chance = 0.5;
    restage({ tracer: { clock, sampleRate: 0.5 } });
    const port = await stage.serve((_request, response) => {
      clock.chance = 0;
      stage.tracer.trace('work', () => response.end());
    });
    await ask(port, '/');
    await stage.closed(0);
  });

  it('while tracing is paused are not traced, also if it is resumed in their middle', async () => {
    const port = await stage.serve((_request, response) => {
      stage.tracer.resume();
      stage.tracer.trace('work', () => response.end());
    });
    stage.tracer.pause();
    await ask(port, '/paused');
    await ask(port, '/resumed');
    const [segment] = await stage.closed(1);
    expect(segment!.spans.map((span) => span.operationName)).toEqual(['work', '/resumed']);
  });
});

describe('the host', () => {
  it('sees its own errors, thrown by a listener as without us', () => {
    const server = http.createServer(() => {
      throw new RangeError('of the application');
    });
    const request = new IncomingMessage(null as never);
    expect(() => server.emit('request', request, new ServerResponse(request))).toThrow('of the application');
    expect(currentTrace.id()).toBeUndefined();
  });

  it('has no listener of ours on its objects', async () => {
    const counts: number[] = [];
    const port = await stage.serve((request, response) => {
      for (const emitter of [request, response])
        for (const event of emitter.eventNames()) counts.push(emitter.listenerCount(event));
      response.end(String([...request.eventNames(), ...response.eventNames()].map(String)));
    });
    const traced = await (await ask(port, '/')).text();
    stage.disable();
    expect(await (await ask(port, '/')).text()).toBe(traced);
  });

  it('may remove all listeners, and the span ends all the same', async () => {
    const port = await stage.serve((request, response) => {
      request.removeAllListeners();
      response.removeAllListeners('close');
      response.end();
    });
    await ask(port, '/');
    expect(await stage.entry()).toMatchObject({ statusCode: 200 });
  });

  it('may patch the same methods on top of us; once tracing is disabled, its patch stays and we do nothing', async () => {
    const opened = jest.spyOn(stage.tracer, 'openEntry');
    const ours = http.Server.prototype.emit;
    let heard = 0;
    http.Server.prototype.emit = function (...args: unknown[]) {
      heard++;
      return Reflect.apply(ours, this, args) as boolean;
    };
    try {
      const port = await stage.serve((_request, response) => response.end());
      await ask(port, '/');
      await stage.closed(1);
      stage.disable();
      heard = 0;
      await ask(port, '/');
      expect([heard > 0, opened.mock.calls.length]).toEqual([true, 1]);
    } finally {
      http.Server.prototype.emit = ours;
      Reflect.deleteProperty(http.Server.prototype, 'emit');
    }
  });

  it('may make a response that only finishes, as tools for tests do', async () => {
    const server = http.createServer();
    const request = Object.assign(new IncomingMessage(null as never), { url: '/made', method: 'GET' });
    const response = new ServerResponse(request);
    server.emit('request', request, response);
    response.emit('finish');
    expect((await stage.entry()).operationName).toBe('/made');
  });

  it('has everything as it was once tracing is disabled', async () => {
    const owners = [http.Server, IncomingMessage, ServerResponse].map((type) => type.prototype as object);
    expect(owners.map((owner) => Object.hasOwn(owner, 'emit'))).toEqual([true, true, true]);
    stage.disable();
    stage.disable();
    expect(owners.map((owner) => Object.hasOwn(owner, 'emit'))).toEqual([false, false, false]);
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/');
    await stage.closed(0);
  });

  it('may break the getters that we read, and is not broken by it', async () => {
    const port = await stage.serve((request, response) => {
      Object.defineProperty(request, 'route', { get: () => { throw new Error('no'); } }); // prettier-ignore
      response.end('fine');
    });
    expect(await (await ask(port, '/')).text()).toBe('fine');
    expect((await stage.entry()).operationName).toBe('/');
    expect(stage.said.splice(0)).toEqual([expect.stringContaining('could not be traced')]);
  });
});
