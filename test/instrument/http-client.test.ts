import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Component, Layer, SpanType } from '../../src/model/components';
import { context } from '../../src/tracing/context';
import { CERTIFICATE, KEY } from '../config/certificates';
import { logsOf } from '../support/tracing';
import { transpile } from '../support/transpile';
import { until } from '../support/until';
import { ask, CALLS_ONLY, Stage } from './http-fixture';

type Callback = (response: IncomingMessage) => void;
type Opened = (module: typeof http | typeof https, base: string, callback: Callback) => ClientRequest;

const modules = transpile(['api', 'base', 'model', 'tracing', 'instrument']);
let stage: Stage;

beforeAll(() => {
  https.globalAgent.options.ca = CERTIFICATE;
});

/** Both ways to trace calls; a Node.js with other internals than we know has the second one only. */
const WAYS = [
  ['by methods of Node’s classes', false],
  ['by the functions that modules export', true],
] as const;

afterEach(async () => {
  http.globalAgent.destroy();
  https.globalAgent.destroy();
  await stage.close();
  expect(stage.said).toEqual([]);
});

const read: Callback = (response) => void response.resume();

describe.each(WAYS)('%s', (_way, byFunctions) => {
  beforeEach(() => {
    stage = new Stage({ instrument: { ...CALLS_ONLY, byFunctions } });
  });

  describe('a call by http or https', () => {
    it('is an exit span with path, peer, url, method, status, component and layer', async () => {
      const port = await stage.serve((_request, response) => response.writeHead(201).end('made'));
      http.request({ port, host: '127.0.0.1', method: 'POST', path: '/stock/7?a=b' }, read).end('x');
      expect(await stage.exit()).toMatchObject({
        operationName: '/stock/7',
        type: SpanType.exit,
        layer: Layer.http,
        componentId: Component.httpClient,
        peer: `127.0.0.1:${port}`,
        method: 'POST',
        url: `http://127.0.0.1:${port}/stock/7`,
        statusCode: 201,
        isError: false,
        logs: undefined,
      });
    });

    const forms: Record<string, Opened> = {
      'request(string)': (m, base, cb) => m.request(`${base}/a?b`).on('response', cb).end(),
      'request(string, callback)': (m, base, cb) => m.request(`${base}/a?b`, cb).end(),
      'request(string, options)': (m, base, cb) => m.request(`${base}/a`, { method: 'GET' }).on('response', cb).end(),
      'request(string, options, callback)': (m, base, cb) => m.request(`${base}/x`, { path: '/a?b' }, cb).end(),
      'request(URL)': (m, base, cb) =>
        m
          .request(new URL(`${base}/a?b`))
          .on('response', cb)
          .end(),
      'request(URL, callback)': (m, base, cb) => m.request(new URL(`${base}/a?b`), cb).end(),
      'request(URL, options, callback)': (m, base, cb) => m.request(new URL(`${base}/a`), { headers: {} }, cb).end(),
      'request(options)': (m, base, cb) => m.request(optionsOf(base)).on('response', cb).end(),
      'request(options, callback)': (m, base, cb) => m.request(optionsOf(base), cb).end(),
      'request(options with hostname and a port as text)': (m, base, cb) =>
        m
          .request({ ...optionsOf(base), host: 'ignored.invalid', hostname: '127.0.0.1', port: new URL(base).port }, cb)
          .end(),
      'request(string, options with another port)': (m, base, cb) =>
        m
          .request('http://127.0.0.1:1/a'.replace('http:', new URL(base).protocol), { port: new URL(base).port }, cb)
          .end(),
      'request with a list of headers': (m, base, cb) =>
        m.request({ ...optionsOf(base), headers: ['Host', 'virtual.example', 'X-A', '1'] as never }, cb).end(),
      'get(string)': (m, base, cb) => m.get(`${base}/a?b`).on('response', cb),
      'get(string, callback)': (m, base, cb) => m.get(`${base}/a?b`, cb),
      'get(string, options, callback)': (m, base, cb) => m.get(`${base}/a?b`, { family: 4 }, cb),
      'get(URL, callback)': (m, base, cb) => m.get(new URL(`${base}/a?b`), cb),
      'get(URL, options)': (m, base, cb) => m.get(new URL(`${base}/a?b`), {}).on('response', cb),
      'get(options, callback)': (m, base, cb) => m.get(optionsOf(base), cb),
    };

    function optionsOf(base: string): RequestOptions {
      const { hostname, port, protocol } = new URL(base);
      return { host: hostname, port: Number(port), protocol, path: '/a?b' };
    }

    describe.each([
      ['http', http, false],
      ['https', https, true],
    ] as const)('%s', (_name, module, tls) => {
      it.each(Object.entries(forms))('%s is traced, once, with its peer', async (_form, open) => {
        const answer: http.RequestListener = (_request, response) => response.end('ok');
        const port = await (tls ? stage.serveTls({ cert: CERTIFICATE, key: KEY }, answer) : stage.serve(answer));
        const base = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
        const body = await new Promise((resolve, reject) => {
          open(module, base, (response) => response.setEncoding('utf8').on('data', resolve)).on('error', reject);
        });
        expect(body).toBe('ok');
        expect(await stage.exit()).toMatchObject({ operationName: '/a', peer: `127.0.0.1:${port}`, url: `${base}/a` });
      });
    });

    it('throws what it throws without us, and is no span', async () => {
      stage.disable();
      const wrong: unknown[][] = [
        ['http://'],
        [{ protocol: 'gopher:' }],
        [{ path: '/a b' }],
        [{ method: 'NO WAY' }],
        [{ host: 7 }],
      ];
      const thrown = (args: unknown[]): unknown => {
        try {
          return (http.request as (...args: unknown[]) => ClientRequest)(...args);
        } catch (error) {
          return [(error as Error).name, (error as Error).message];
        }
      };
      const without = wrong.map(thrown);
      stage = new Stage({ instrument: { byFunctions } });
      expect(wrong.map(thrown)).toEqual(without);
      // What Node alone can find wrong is a span that failed, where the span has to be there first.
      await stage.closed(byFunctions ? 3 : 0);
      expect(stage.exits.every(({ isError }) => isError)).toBe(true);
    });
  });

  describe('the peer', () => {
    async function peerOf(request: ClientRequest): Promise<string> {
      request.on('error', () => undefined).destroy();
      return (await stage.exit()).peer;
    }

    it('of an https call without a port has 443, not 80', async () => {
      expect(await peerOf(https.get('https://127.0.0.1/'))).toBe('127.0.0.1:443');
    });

    it.each<[string, () => ClientRequest, string]>([
      ['http without a port', () => http.get('http://127.0.0.1/'), '127.0.0.1:80'],
      ['no host at all', () => http.get({ path: '/' }), 'localhost:80'],
      [
        'an empty name and a host',
        () => http.get({ hostname: '', host: '127.0.0.1', port: 1, path: '/' }),
        '127.0.0.1:1',
      ],
      ['https by options', () => https.get({ host: '127.0.0.1' }), '127.0.0.1:443'],
      ['https without an agent', () => https.get({ host: '127.0.0.1', agent: false }), '127.0.0.1:443'],
      [
        'http.request with an agent for https',
        () => http.get({ host: '127.0.0.1', protocol: 'https:', agent: https.globalAgent }),
        '127.0.0.1:443',
      ],
      [
        'an option that takes the port of the URL away',
        () => http.get('http://127.0.0.1:81/', { port: undefined }),
        '127.0.0.1:80',
      ],
      ['a default port of its own', () => http.get({ host: '127.0.0.1', defaultPort: 8_080 }), '127.0.0.1:8080'],
      ['IPv6 in a URL', () => http.get('http://[::1]:81/'), '[::1]:81'],
      ['IPv6 in options', () => https.get({ host: '::1' }), '[::1]:443'],
      ['user info', () => http.get('http://user:pw@127.0.0.1:81/'), '127.0.0.1:81'],
      [
        'a Host header of its own',
        () => http.get('http://127.0.0.1:81/', { headers: { host: 'virtual:99' } }),
        '127.0.0.1:81',
      ],
    ])('of %s', async (_what, open, expected) => {
      expect(await peerOf(open())).toBe(expected);
    });

    it('of a socket file is its path', async () => {
      expect(await peerOf(http.get({ socketPath: '/no/such.sock', path: '/a' }))).toBe('unix:/no/such.sock');
    });
  });

  describe('the url tag of a call', () => {
    it.each(['http', 'fetch'])(
      'has a method of 32 characters at most, whatever the application names: %s',
      async (by) => {
        const method = 'M'.repeat(10_000);
        if (by === 'http')
          http
            .request('http://127.0.0.1:81', { method })
            .on('error', () => undefined)
            .end();
        else await fetch('http://127.0.0.1:81', { method }).catch(() => undefined);
        expect((await stage.exit()).method).toBe('M'.repeat(32));
      },
    );

    it('never has user info, and the query only where it is wanted', async () => {
      stage.disable();
      stage = new Stage({ instrument: { collectQuery: true, byFunctions } });
      const request = http.get('http://user:pw@127.0.0.1:81/a?b=c', { auth: 'other:pw' });
      request.on('error', () => undefined).destroy();
      expect(await stage.exit()).toMatchObject({ operationName: '/a', url: 'http://127.0.0.1:81/a?b=c' });
    });

    it('through a proxy is that of the target, without user info', async () => {
      const request = http.get({ host: '127.0.0.1', port: 3128, path: 'http://user:pw@shop.example/a?b' });
      request.on('error', () => undefined).destroy();
      expect(await stage.exit()).toMatchObject({
        operationName: '/a',
        peer: '127.0.0.1:3128',
        url: 'http://shop.example/a',
      });
    });
  });

  describe('an exit span', () => {
    it('is a child of the request that the call is made in', async () => {
      stage.disable();
      stage = new Stage({ instrument: { byFunctions } });
      const other = await stage.serve((_request, response) => response.end('stock'));
      const port = await stage.serve((request, response) => {
        if (request.url === '/orders')
          http.get({ port: other, host: '127.0.0.1', path: '/stock' }, (answer) => answer.pipe(response));
      });
      expect(await (await ask(port, '/orders')).text()).toBe('stock');
      const segments = await stage.closed(2);
      const caller = segments.find(({ spans }) => spans.length === 2)!;
      expect(caller.spans.map((span) => [span.operationName, span.type, span.parentSpanId]).sort()).toEqual([
        ['/orders', SpanType.entry, -1],
        ['/stock', SpanType.exit, 0],
      ]);
    });

    it('outside of any request is a trace of its own', async () => {
      const port = await stage.serve((_request, response) => response.end());
      for (let n = 0; n < 2; n++) await new Promise((resolve) => http.get({ port }, read).on('close', resolve));
      const segments = await stage.closed(2);
      expect(segments.map(({ spans }) => spans.length)).toEqual([1, 1]);
      expect(String(segments[0]!.traceId)).not.toBe(String(segments[1]!.traceId));
    });

    it('leaves what the response starts to the caller: it is no child of the call', async () => {
      const port = await stage.serve((_request, response) => response.end());
      await stage.tracer.trace('job', async () => {
        await new Promise<void>((resolve) => {
          http.get({ port }, (response) => {
            response.resume().on('end', () => stage.tracer.trace('after', () => resolve()));
          });
        });
      });
      const [segment] = await stage.closed(1);
      const after = segment!.spans.find(({ operationName }) => operationName === 'after');
      expect(after!.parentSpanId).toBe(0);
    });

    it('lasts until the response is read to its end', async () => {
      const port = await stage.serve((_request, response) => {
        response.write('first');
        setTimeout(() => response.end('last'), 60);
      });
      http.get({ port }, read);
      const { startTime, endTime } = await stage.exit();
      expect(endTime - startTime).toBeGreaterThanOrEqual(50);
    });

    it.each([
      [204, false],
      [302, false],
      [399, false],
      [400, true],
      [503, true],
    ])('with an answer of %d: is it an error? %s', async (statusCode, isError) => {
      const port = await stage.serve((_request, response) => response.writeHead(statusCode).end());
      http.get({ port }, read);
      expect(await stage.exit()).toMatchObject({ statusCode, isError });
    });

    it('has the final status, not an informational one', async () => {
      const port = await stage.serve((_request, response) => {
        response.writeProcessing();
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.end();
      });
      http.get({ port }, read);
      expect(await stage.exit()).toMatchObject({ statusCode: 200, isError: false });
    });

    it('ends with keep-alive and with a pool that makes calls wait', async () => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 10));
      for (let n = 0; n < 5; n++) http.get({ port, agent, path: `/${n}` }, read);
      const segments = await stage.closed(5);
      expect(segments.map(({ spans: [span] }) => span!.operationName)).toEqual(['/0', '/1', '/2', '/3', '/4']);
      agent.destroy();
    });

    it('of many at a time is never merged with another, and always its own caller’s', async () => {
      const port = await stage.serve((request, response) => {
        setTimeout(() => response.end(), Number(request.url!.slice(1)) % 11);
      });
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          stage.tracer.trace(`job ${n}`, async () => {
            for (let call = 0; call < 3; call++) {
              await new Promise(setImmediate);
              await new Promise((resolve) => http.get({ port, path: `/${n}` }, read).on('close', resolve));
            }
          }),
        ),
      );
      for (const { spans } of await stage.closed(100)) {
        const n = spans.at(-1)!.operationName.slice('job '.length);
        expect(spans.map((span) => span.operationName)).toEqual([`/${n}`, `/${n}`, `/${n}`, `job ${n}`]);
      }
    });

    it('ends when the connection becomes one of another kind', async () => {
      const server = http.createServer();
      server.on('upgrade', (_request, socket: net.Socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n');
      });
      server.on('connect', (_request, socket: net.Socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      const port = await stage.listen(server);
      const upgrading = http.get({ port, path: '/chat', headers: { connection: 'upgrade', upgrade: 'chat' } });
      const [, chat] = (await once(upgrading, 'upgrade')) as [unknown, net.Socket];
      const connecting = http.request({ port, method: 'CONNECT', path: 'shop.example:443' }).end();
      const [, tunnel] = (await once(connecting, 'connect')) as [unknown, net.Socket];
      const spans = (await stage.closed(2)).map(({ spans: [span] }) => span!);
      expect(spans.map((span) => [span.operationName, span.statusCode, span.url, span.isError])).toEqual([
        ['/chat', 101, `http://localhost:${port}/chat`, false],
        ['shop.example:443', 200, `http://localhost:${port}/shop.example:443`, false],
      ]);
      chat.destroy();
      tunnel.destroy();
    });
  });

  async function closedPort(): Promise<number> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  /** Deprecated, and used all the same: Node itself does, where a loop over a response is left. */
  const abort = (request: object): void => (request as { abort(): void }).abort();

  describe('a call that fails', () => {
    it('because there is no listener has the error', async () => {
      const port = await closedPort();
      const request = http.get({ port, host: '127.0.0.1' });
      const [error] = (await once(request, 'error')) as [Error];
      const span = await stage.exit();
      expect(span).toMatchObject({ isError: true, statusCode: 0 });
      expect(logsOf(span)).toEqual([
        { event: 'error', 'error.kind': 'ECONNREFUSED', message: error.message, stack: expect.any(String) },
      ]);
    });

    it('because the server hangs up has the error', async () => {
      const port = await stage.serve((request) => void request.socket.destroy());
      await once(http.get({ port }), 'error');
      expect(logsOf(await stage.exit())[0]).toMatchObject({ 'error.kind': 'ECONNRESET', message: 'socket hang up' });
    });

    it('because the caller gave it up has the error', async () => {
      const port = await stage.serve(() => undefined);
      const request = http.get({ port, signal: AbortSignal.timeout(30) });
      const [error] = (await once(request, 'error')) as [Error];
      expect(error.name).toBe('AbortError');
      expect(logsOf(await stage.exit())).toEqual([expect.objectContaining({ 'error.kind': 'AbortError' })]);
    });

    it.each<[string, (request: ClientRequest) => unknown]>([
      ['aborts it at once', abort],
      ['destroys it at once', (request) => request.destroy()],
      ['aborts it once it has a connection', (request) => request.on('socket', () => abort(request))],
      ['destroys it once it has a connection', (request) => request.on('socket', () => request.destroy())],
    ])('before there is a response, as the caller %s, has the error', async (_how, giveUp) => {
      const port = await stage.serve(() => undefined);
      const request = http.get({ port }).on('error', () => undefined);
      giveUp(request);
      const span = await stage.exit();
      expect(span).toMatchObject({ statusCode: 0, isError: true });
      expect(logsOf(span)).toMatchObject([{ event: 'error', 'error.kind': 'ECONNRESET', message: 'socket hang up' }]);
    });

    it('in the middle of the response has the error and the status', async () => {
      const port = await stage.serve((_request, response) => {
        response.write('first', () => response.socket!.destroy());
      });
      http.get({ port }, (response) => response.resume().on('error', () => undefined));
      const span = await stage.exit();
      expect(span).toMatchObject({ statusCode: 200, isError: true });
      expect(logsOf(span)[0]).toMatchObject({ 'error.kind': 'ECONNRESET' });
    });

    const enough: Record<string, (request: ClientRequest, response: IncomingMessage) => unknown> = {
      'destroys the response': (_request, response) => response.once('data', () => response.destroy()),
      'destroys the request': (request, response) => response.once('data', () => request.destroy()),
      'aborts the request': (request, response) => response.once('data', () => abort(request)),
      'breaks out of its loop': async (_request, response) => {
        for await (const chunk of response) if (chunk) break;
      },
      'takes one chunk': (_request, response) => response.take(1).toArray(),
      'writes it to what closes': (_request, response) =>
        pipeline(response, new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) })),
    };

    it.each(Object.entries(enough))('is none if the caller has read enough: he %s', async (_how, read) => {
      const port = await stage.serve((_request, response) => response.write('endless'));
      const request = http.get({ port });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.on('error', () => undefined);
      await Promise.all([once(request, 'close'), Promise.resolve(read(request, response)).catch(() => 'full')]);
      const span = await stage.exit();
      expect(span).toMatchObject({ statusCode: 200, isError: false });
      expect(logsOf(span)).toEqual([{ event: 'aborted', message: expect.any(String) }]);
    });

    it('in the middle of the response is one, though the caller destroys what he hears is cut', async () => {
      const port = await stage.serve((_request, response) => {
        response.write('first', () => response.socket!.destroy());
      });
      const request = http.get({ port });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      for (const event of ['aborted', 'error', 'close']) response.on(event, () => request.destroy());
      response.resume();
      const span = await stage.exit();
      expect(span).toMatchObject({ statusCode: 200, isError: true });
      expect(logsOf(span)[0]).toMatchObject({ 'error.kind': 'ECONNRESET', message: 'aborted' });
    });
  });

  describe('a response', () => {
    it('without a listener is discarded as without us, and its span ends', async () => {
      const port = await stage.serve((_request, response) => response.end('x'.repeat(200_000)));
      const request = http.get({ port });
      await once(request, 'close');
      expect(await stage.exit()).toMatchObject({ statusCode: 200, isError: false });
    });

    it('that is not read has its span ended with the connection, and is no error', async () => {
      const sockets: net.Socket[] = [];
      const port = await stage.serve((request, response) => {
        sockets.push(request.socket);
        response.end('small');
      });
      await once(http.get({ port }), 'response');
      await stage.closed(0);
      sockets[0]!.destroy();
      expect(await stage.exit()).toMatchObject({ statusCode: 200, isError: false });
    });
  });

  describe('a listener hears in the scope that its call was made in', () => {
    /** The storage of an application, which is none of our business. */
    const storage = new AsyncLocalStorage<string>();
    const EVENTS = ['socket', 'finish', 'response', 'timeout', 'error', 'close'];
    const RESPONSE_EVENTS = ['data', 'timeout', 'aborted', 'error', 'end', 'close'];
    const MODULES = [
      ['http', http],
      ['https', https],
    ] as const;
    let agent: http.Agent;
    afterEach(() => agent.destroy());

    /** Of each event, whether it was heard in the scope that was there when this was called, and in which storage. */
    class Heard {
      readonly scopes: Record<string, string> = {};
      readonly storages: Record<string, unknown> = {};
      /** Nothing comes after its `close` and that of its response. */
      readonly isOver: Promise<unknown>;
      private readonly scope = context.whole();

      constructor(readonly request: ClientRequest) {
        for (const event of EVENTS) request.on(event, () => this.note(event));
        let response: IncomingMessage | undefined;
        request.on('response', (given: IncomingMessage) => {
          response = given;
          for (const event of RESPONSE_EVENTS) response.on(event, () => this.note(`response ${event}`));
        });
        this.isOver = until(() => request.closed && response?.closed !== false);
      }

      note(event: string): void {
        const now = context.whole();
        this.scopes[event] = now === this.scope ? 'own' : now === undefined ? 'none' : 'of another';
        this.storages[event] = storage.getStore();
        if (event === 'timeout') this.request.destroy();
      }
    }

    const serveBy = (module: typeof http | typeof https, listener: http.RequestListener): Promise<number> =>
      module === https ? stage.serveTls({ cert: CERTIFICATE, key: KEY }, listener) : stage.serve(listener);

    const inTrace = <T>(name: string, fn: () => T): T => storage.run(name, () => stage.tracer.trace(name, fn));
    const inNone = <T>(name: string, fn: () => T): T => storage.run(name, fn);

    /** What a call hears that runs into the timeout of its agent, on a connection that another one has opened. */
    async function timedOut(module: typeof http | typeof https, around: typeof inTrace, body: string): Promise<Heard> {
      agent = new module.Agent({ keepAlive: true, maxSockets: 1, timeout: 300, ca: CERTIFICATE });
      const port = await serveBy(module, (request, response) => {
        if (request.url === '/quick') response.end();
        else if (body !== '') response.write(body);
      });
      await inTrace('quick', () => once(module.get({ port, agent, path: '/quick' }, read), 'close'));
      const heard = around('slow', () => new Heard(module.get({ port, agent, path: '/slow' })));
      await heard.isOver;
      expect(heard.request.reusedSocket).toBe(true);
      return heard;
    }

    /** What a call hears that has waited until another one was over, and that got a connection of its own. */
    async function waited(
      module: typeof http | typeof https,
      answer: http.RequestListener | undefined,
    ): Promise<Heard> {
      agent = new module.Agent({ maxSockets: 1, ca: CERTIFICATE });
      const listener: http.RequestListener = (request, response) => {
        if (request.url === '/second') answer!(request, response);
        else {
          if (!answer) server.close();
          response.setHeader('connection', 'close').end();
        }
      };
      const server =
        module === https ? https.createServer({ cert: CERTIFICATE, key: KEY }, listener) : http.createServer(listener);
      const port = await stage.listen(server);
      const first = inTrace('first', () =>
        once(module.get({ port, host: '127.0.0.1', agent, path: '/first' }, read), 'close'),
      );
      const heard = inTrace('second', () => {
        const asked = { port, host: '127.0.0.1', agent, path: '/second', method: 'POST' };
        const made = new Heard(module.request(asked));
        made.request.on('socket', (socket) => socket.on('connect', () => made.note('connect')));
        made.request.write('a', () => made.note('written'));
        made.request.end('b', () => made.note('sent'));
        return made;
      });
      await Promise.all([first, heard.isOver]);
      return heard;
    }

    describe.each(MODULES)('%s', (_name, module) => {
      it('of the timeout of a kept connection, which another call has opened', async () => {
        const { scopes } = await timedOut(module, inTrace, '');
        expect(scopes).toEqual({ socket: 'own', finish: 'own', timeout: 'own', error: 'own', close: 'own' });
      });

      it('of that timeout in the middle of the response', async () => {
        const { scopes } = await timedOut(module, inTrace, 'part');
        expect(scopes).toMatchObject({ timeout: 'own', 'response timeout': 'own', 'response error': 'own' });
        expect(new Set(Object.values(scopes))).toEqual(new Set(['own']));
      });

      it('where that is none', async () => {
        const { scopes } = await timedOut(module, inNone, 'part');
        expect(scopes).toMatchObject({ timeout: 'own', 'response timeout': 'own', close: 'own' });
        expect(new Set(Object.values(scopes))).toEqual(new Set(['own']));
      });

      it('that has waited for another one and cannot connect', async () => {
        const { scopes } = await waited(module, undefined);
        expect(scopes).toMatchObject({ socket: 'own', error: 'own', close: 'own' });
        expect(new Set(Object.values(scopes))).toEqual(new Set(['own']));
      });

      it('that has waited for another one and got a connection of its own', async () => {
        const { scopes } = await waited(module, (_request, response) => response.end('all'));
        expect(scopes).toMatchObject({ finish: 'own', 'response end': 'own', 'response close': 'own', close: 'own' });
        expect(scopes).toMatchObject({ connect: 'own', written: 'own', sent: 'own' });
        expect(new Set(Object.values(scopes))).toEqual(new Set(['own']));
      });

      it('that has waited for another one and is cut off in the middle of the response', async () => {
        const { scopes } = await waited(module, (request, response) => {
          response.write('part', () => request.socket.destroy());
        });
        expect(scopes).toMatchObject({ 'response aborted': 'own', 'response error': 'own', 'response close': 'own' });
        expect(new Set(Object.values(scopes))).toEqual(new Set(['own']));
      });

      it('and leaves the application’s own AsyncLocalStorage as it is without us', async () => {
        const traced = (await timedOut(module, inTrace, 'part')).storages;
        agent.destroy();
        stage.disable();
        expect((await timedOut(module, inNone, 'part')).storages).toEqual(traced);
      });
    });

    describe('where it is emitted in another one', () => {
      const run = <T>(fn: () => T): T => stage.tracer.trace('another', fn);

      function call(): ClientRequest {
        agent = new http.Agent();
        const request = stage.tracer.trace('job', () => http.get({ port: 1, host: '127.0.0.1', agent }));
        return request.on('error', () => undefined);
      }

      it('with the same arguments and this, and what emit returns', () => {
        const request = call();
        const args: unknown[][] = [];
        request.on('mine', function (this: unknown, ...given) {
          args.push([this === request, ...(given as unknown[])]);
        });
        const emitted = [[], [1], [1, 2], [1, 2, 3, 4]].map((more) => run(() => request.emit('mine', ...more)));
        expect(emitted).toEqual([true, true, true, true]);
        expect(args).toEqual([[true], [true, 1], [true, 1, 2], [true, 1, 2, 3, 4]]);
        expect(run(() => request.emit('nobody’s'))).toBe(false);
      });

      it('and throws what it throws, in the scope of the emitter again', () => {
        const request = call();
        const error = new Error('mine');
        request.on('mine', () => {
          throw error;
        });
        const thrownBy = (emit: () => unknown): unknown => {
          try {
            return emit();
          } catch (thrown) {
            return thrown;
          }
        };
        run(() => {
          const scope = context.whole();
          const unheard = () => request.removeAllListeners('error').emit('error', error);
          const thrown = [() => request.emit('mine'), unheard].map(thrownBy);
          request.on('error', () => undefined);
          expect([...thrown, context.whole()]).toEqual([error, expect.objectContaining({ context: error }), scope]);
        });
      });
    });

    it('which is not kept when the call is over', async () => {
      stage.disable();
      stage = new Stage({ instrument: { ...CALLS_ONLY, byFunctions, ignoreMethods: ['GET'] } });
      agent = new http.Agent();
      const port = await stage.serve((_request, response) => response.end('all'));
      const [kept, scope] = await stage.tracer.trace('job', async () => {
        const request = http.get({ port, agent });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        await Promise.all([once(response.resume(), 'close'), once(request, 'close')]);
        return [[request, response], context.whole()] as const;
      });
      const values = kept.flatMap((one) =>
        Object.getOwnPropertySymbols(one).map((symbol) => (one as unknown as Record<symbol, unknown>)[symbol]),
      );
      expect(values.length).toBeGreaterThan(0);
      expect(values).not.toContain(scope);
    });

    it('which the response to an upgrade, that never closes, does not keep', async () => {
      agent = new http.Agent();
      const server = http.createServer().on('upgrade', (_request, socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: nothing\r\n\r\n');
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as net.AddressInfo;
      const [response, scope] = await stage.tracer.trace('job', async () => {
        const request = http.get({ port, agent, headers: { connection: 'upgrade', upgrade: 'nothing' } });
        const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, net.Socket];
        socket.destroy();
        return [response, context.whole()] as const;
      });
      server.close();
      const values = Object.getOwnPropertySymbols(response).map(
        (symbol) => (response as unknown as Record<symbol, unknown>)[symbol],
      );
      expect(values).not.toContain(scope);
    });
  });

  describe('the caller', () => {
    it('finds no listener of ours on its request or response', async () => {
      const port = await stage.serve((_request, response) => response.end());
      const names = async (): Promise<unknown> => {
        const request = http.get({ port });
        const before = request.eventNames();
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const counts = response.eventNames().map((event) => [event, response.listenerCount(event)]);
        response.resume();
        await once(request, 'close');
        return [before, request.eventNames(), counts];
      };
      const traced = await names();
      stage.disable();
      expect(await names()).toEqual(traced);
    });

    it('has its functions back once tracing is disabled', () => {
      const { prototype } = http.ClientRequest as unknown as { prototype: Record<string, unknown> };
      const functions = (): unknown[] => [http.request, http.get, https.request, https.get];
      const { prototype: agent } = http.Agent as unknown as { prototype: Record<string, unknown> };
      const methods = (): unknown[] => [prototype.emit, prototype.destroy, prototype._storeHeader, agent.addRequest];
      const [wrapped, patched] = [functions(), methods()];
      stage.disable();
      const bare = functions();
      expect(bare.filter((fn) => wrapped.includes(fn))).toHaveLength(byFunctions ? 0 : 4);
      expect(methods().filter((method) => patched.includes(method))).toHaveLength(byFunctions ? 2 : 0);
      expect(Object.hasOwn(prototype, 'emit')).toBe(false);
      stage = new Stage({ instrument: { byFunctions } });
      stage.disable();
      expect(functions()).toEqual(bare);
    });

    it('may wrap the functions himself, above and below ours', async () => {
      const port = await stage.serve((_request, response) => response.end());
      const opened = jest.spyOn(stage.tracer, 'openExit');
      const ours = http.get;
      let heard = 0;
      http.get = function (this: unknown, ...args: unknown[]) {
        heard++;
        return Reflect.apply(ours, this, args) as ClientRequest;
      };
      try {
        http.get({ port }, read);
        await stage.exit();
        stage.disable();
        await once(http.get({ port }, read), 'close');
        await stage.closed(1);
        expect([heard, opened.mock.calls.length]).toEqual([2, 1]);
      } finally {
        // Ours could not be taken off below another one, and passes on.
        http.get = bareGet;
      }
    });
  });
});

/** Before anything here has patched it. */
const bareGet = http.get;

describe('in a process of its own', () => {
  const run = promisify(execFile);
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-http-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const START = `
    const { enable } = require(${JSON.stringify(path.join(modules, 'instrument', 'index.js'))});
    const { Tracer } = require(${JSON.stringify(path.join(modules, 'tracing', 'tracer.js'))});
    const { IdGenerator } = require(${JSON.stringify(path.join(modules, 'tracing', 'id-generator.js'))});
    const { systemClock: clock } = require(${JSON.stringify(path.join(modules, 'base', 'clock.js'))});
    const say = (segment) => console.log('span', ...segment.spans.map((span) => [span.type, span.operationName, span.peer].join(' ')));
    const tracer = new Tracer({ clock, ids: new IdGenerator(clock), sink: say });
    globalThis.disable = enable(tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log: console });`;

  function file(name: string, text: string): string {
    const where = path.join(folder, name);
    writeFileSync(where, text);
    return where;
  }

  it('an error without a handler crashes the host as without us, no less and no more', async () => {
    const crash = `require('http').get('http://127.0.0.1:1/');`;
    const outcome = async (program: string): Promise<{ code: number; stderr: string }> =>
      run(process.execPath, ['-e', program]).then(
        () => ({ code: 0, stderr: '' }),
        (error: unknown) => error as { code: number; stderr: string },
      );
    const [bare, traced] = [await outcome(crash), await outcome(START + crash)];
    expect([bare.code, traced.code]).toEqual([1, 1]);
    expect(traced.stderr).toContain('ECONNREFUSED');
    expect(/^.*throw er;.*$/m.exec(traced.stderr)?.[0]).toBe(/^.*throw er;.*$/m.exec(bare.stderr)?.[0]);
  });

  it.each([
    ['before its modules', (start: string) => ['--require', start], ''],
    ['by one of them', () => [], 'createRequire(import.meta.url)("./start.cjs");'],
  ])('ESM sees the traced functions under all their names, the agent being started %s', async (_when, flags, first) => {
    const start = file('start.cjs', START);
    const program = file(
      'app.mjs',
      `import http, { get, request, createServer } from 'http';
       import { get as again } from 'node:http';
       import * as all from 'node:http';
       import { createRequire } from 'node:module';
       ${first}
       const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1', async () => {
         const { port } = server.address();
         const call = (fn, path) => new Promise((resolve) => fn({ port, path }, (r) => r.resume()).on('close', resolve).end());
         for (const [n, fn] of [http.get, get, request, again, all.get].entries()) await call(fn, '/' + n);
         globalThis.disable();
         await call(get, '/disabled');
         console.log(get === http.get, get.name);
         server.close();
       });`,
    );
    const { stdout, stderr } = await run(process.execPath, [...flags(start), program]);
    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('span 1 ')).map((line) => line.split(' ')[2])).toEqual([
      '/0',
      '/1',
      '/2',
      '/3',
      '/4',
    ]);
    expect(lines.filter((line) => line.startsWith('span 0 '))).toHaveLength(5);
    expect(lines.at(-1)).toBe('true get');
  });

  it('the domain module goes on catching the errors of a server, though it was loaded after us', async () => {
    const program = `${START}
      const domain = require('domain').create();
      domain.on('error', (error) => { console.log('caught', error.message); process.exit(); });
      domain.run(() => {
        const server = require('http').createServer(() => { throw new Error('of the application'); });
        server.listen(0, () => require('net').connect(server.address().port).write('GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'));
      });`;
    const { stdout } = await run(process.execPath, ['-e', program]);
    expect(stdout).toContain('caught of the application');
  });

  it('nothing of ours keeps the process alive', async () => {
    const { stdout } = await run(process.execPath, ['-e', `${START} console.log('ready');`], { timeout: 20_000 });
    expect(stdout).toBe('ready\n');
  });
});
