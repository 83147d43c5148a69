import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Component, Layer, SpanType } from '../../src/model/components';
import { v3EndpointName } from '../../src/protocol/v3/names';
import { context } from '../../src/tracing/context';
import { CERTIFICATE, KEY } from '../config/certificates';
import { logsOf } from '../support/tracing';
import { CALLS_ONLY, carrying, nameOf, Stage } from './http-fixture';
import type { TracerOptions } from '../../src/tracing/tracer';
import type * as Undici from 'undici7';

/** The parts of undici's versions that these tests use, which all of them have. */
type Api = Pick<
  typeof Undici,
  | 'Agent'
  | 'Client'
  | 'Dispatcher'
  | 'Pool'
  | 'ProxyAgent'
  | 'fetch'
  | 'pipeline'
  | 'request'
  | 'stream'
  | 'upgrade'
  | 'connect'
>;

const load = createRequire(__filename);

/** From npm, as far as this Node.js takes them. */
const VERSIONS = [5, 6, 7, 8].map((version): [string, boolean] => {
  const { engines } = load(`undici${version}/package.json`) as { engines: { node: string } };
  return [`undici${version}`, isTaken(engines.node)];
});

/** @param range `>=22.19.0` */
function isTaken(range: string): boolean {
  const [wanted, present] = [range.replace('>=', ''), process.versions.node].map((text) => text.split('.').map(Number));
  const differs = wanted!.findIndex((part, at) => part !== present![at]);
  return differs === -1 || present![differs]! > wanted![differs]!;
}

const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;
const NAME = 'api.partner.example:1';

let stage: Stage;
let closing: { destroy(): Promise<void> }[] = [];

beforeEach(() => {
  stage = new Stage({ instrument: CALLS_ONLY });
  carrying(stage);
});

afterEach(async () => {
  for (const one of closing) await one.destroy();
  closing = [];
  await stage.close();
  expect(stage.said).toEqual([]);
});

function close<T extends { destroy(): Promise<void> }>(one: T): T {
  closing.push(one);
  return one;
}

describe.each(VERSIONS)('%s from npm', (name, isThere) => {
  const test = isThere ? it : it.skip;
  let api: Api;
  let agent: Undici.Agent;
  const styles = stylesOf(name);

  if (!isThere) console.info(`${name} is not for Node.js ${process.version}: its tests are left out`);

  beforeEach(() => {
    if (!isThere) return;
    api = load(name) as Api;
    agent = close(new api.Agent());
  });

  test('request is an exit span with path, peer, url, method, status, component and layer', async () => {
    const port = await stage.serve((_request, response) => response.writeHead(201).end('made'));
    const { body } = await api.request(`http://user:pw@127.0.0.1:${port}/stock/7?a=b`, {
      dispatcher: agent,
      method: 'POST',
      body: 'x',
    });
    expect(await body.text()).toBe('made');
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

  test('every way to call is traced once and carries its header once', async () => {
    const heads: unknown[] = [];
    const port = await stage.serve((request, response) => {
      heads.push([request.url, request.rawHeaders.filter((one) => one.toLowerCase() === 'sw6').length]);
      response.end('ok');
    });
    const base = `http://127.0.0.1:${port}`;
    const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
    await (await api.fetch(`${base}/fetch`, { dispatcher: agent })).text();
    await (await api.request(`${base}/request`, { dispatcher: agent, headers: { a: 'b' } })).body.text();
    await (await api.request(`${base}/list`, { dispatcher: agent, headers: ['a', 'b'] })).body.text();
    await api.stream(`${base}/stream`, { dispatcher: agent, method: 'GET' }, sink);
    await pipeline(
      Readable.from(['x']),
      api.pipeline(`${base}/pipeline`, { dispatcher: agent, method: 'POST' }, ({ body }) => body),
      sink(),
    );
    const client = close(new api.Client(base));
    await (await client.request({ path: '/client', method: 'GET' })).body.text();
    const pool = close(new api.Pool(base, { connections: 1 }));
    await (await pool.request({ path: '/pool', method: 'GET' })).body.text();
    await stage.closed(7);
    const paths = ['fetch', 'request', 'list', 'stream', 'pipeline', 'client', 'pool'].map((one) => `/${one}`);
    expect(stage.exits.map(({ operationName }) => operationName)).toEqual(paths);
    expect(heads).toEqual(paths.map((one) => [one, 1]));
  });

  test('a header that the caller set himself is his', async () => {
    const heads: unknown[] = [];
    const port = await stage.serve((request, response) => {
      heads.push(request.rawHeaders.flatMap((one, at, all) => (one.toLowerCase() === 'sw6' ? [all[at + 1]] : [])));
      response.end('ok');
    });
    const base = `http://127.0.0.1:${port}/`;
    for (const headers of [{ SW6: 'mine' }, ['sw6', 'mine'], { sw6x: 'not it', sw6: 'mine' }])
      await (await api.request(base, { dispatcher: agent, headers })).body.text();
    await (await api.fetch(base, { dispatcher: agent, headers: { Sw6: 'mine' } })).text();
    await stage.closed(4);
    expect(heads).toEqual([['mine'], ['mine'], ['mine'], ['mine']]);
  });

  test('lasts until the response has arrived', async () => {
    const port = await stage.serve((_request, response) => {
      response.write('first');
      setTimeout(() => response.end('last'), 60);
    });
    const { body } = await api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent });
    await body.text();
    const { startTime, endTime } = await stage.exit();
    expect(endTime - startTime).toBeGreaterThanOrEqual(50);
  });

  test('400 and above is an error; an informational answer is none', async () => {
    const port = await stage.serve((request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(Number(request.url!.slice(1))).end();
    });
    for (const status of [200, 399, 400, 503])
      await (await api.request(`http://127.0.0.1:${port}/${status}`, { dispatcher: agent })).body.text();
    await stage.closed(4);
    expect(stage.exits.map(({ statusCode, isError }) => [statusCode, isError])).toEqual([
      [200, false],
      [399, false],
      [400, true],
      [503, true],
    ]);
  });

  test('a connection that is refused is an error', async () => {
    const port = await closedPort();
    await expect(api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent })).rejects.toThrow('ECONNREFUSED');
    const span = await stage.exit();
    expect(span).toMatchObject({ isError: true, statusCode: 0 });
    expect(logsOf(span)).toEqual([expect.objectContaining({ event: 'error', 'error.kind': 'ECONNREFUSED' })]);
  });

  test('a caller who gives up before the answer has an error, one who has seen enough has none', async () => {
    const port = await stage.serve((request, response) => {
      if (request.url === '/endless') response.write('x');
    });
    const base = `http://127.0.0.1:${port}`;
    const signal = AbortSignal.timeout(40);
    await expect(api.request(`${base}/mute`, { dispatcher: agent, signal })).rejects.toThrow();
    const controller = new AbortController();
    const waiting = api.fetch(`${base}/mute`, { dispatcher: agent, signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(waiting).rejects.toThrow();
    const endless = await api.request(`${base}/endless`, { dispatcher: agent });
    endless.body.on('error', () => undefined).destroy();
    await (await api.fetch(`${base}/endless`, { dispatcher: agent })).body!.cancel();
    await stage.closed(4);
    expect(stage.exits.map((span) => [span.operationName, span.isError, logsOf(span)[0]!.event])).toEqual([
      ['/mute', true, 'error'],
      ['/mute', true, 'error'],
      ['/endless', false, 'aborted'],
      ['/endless', false, 'aborted'],
    ]);
  });

  test('a caller who closes the sink of stream() has seen enough', async () => {
    const port = await stage.serve((_request, response) => void response.write('x'));
    const sink = (): Writable =>
      new Writable({
        write(_chunk, _encoding, done) {
          done();
          this.destroy();
        },
      });
    await expect(api.stream(`http://127.0.0.1:${port}/`, { dispatcher: agent, method: 'GET' }, sink)).rejects.toThrow();
    const span = await stage.exit();
    expect(span).toMatchObject({ isError: false, statusCode: 200 });
    expect(logsOf(span)).toEqual([expect.objectContaining({ event: 'aborted' })]);
  });

  test('a server that does not answer in time is an error', async () => {
    const port = await stage.serve((request, response) => {
      if (request.url === '/body') response.write('x');
    });
    const forHead = close(new api.Agent({ headersTimeout: 50 }));
    await expect(api.request(`http://127.0.0.1:${port}/head`, { dispatcher: forHead })).rejects.toThrow('Timeout');
    const forBody = close(new api.Agent({ bodyTimeout: 50 }));
    const { body } = await api.request(`http://127.0.0.1:${port}/body`, { dispatcher: forBody });
    await expect(body.text()).rejects.toThrow('Timeout');
    await stage.closed(2);
    expect(stage.exits.map((span) => [span.isError, logsOf(span)[0]!['error.kind']])).toEqual([
      [true, 'HeadersTimeoutError'],
      [true, 'BodyTimeoutError'],
    ]);
  });

  test('a body that is not read ends its span when it has arrived, or with the connection', async () => {
    const port = await stage.serve((request, response) => {
      response.end(request.url === '/large' ? Buffer.alloc(5_000_000) : 'small');
    });
    await api.request(`http://127.0.0.1:${port}/small`, { dispatcher: agent });
    await stage.closed(1);
    const { body } = await api.request(`http://127.0.0.1:${port}/large`, { dispatcher: agent });
    body.on('error', () => undefined);
    await stage.closed(1);
    await agent.destroy();
    await stage.closed(2);
    expect(stage.exits.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  });

  test('calls that wait for a connection of a pool are never merged, each is its own caller’s', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 2 }));
    const one = close(new api.Agent({ connections: 1 }));
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        stage.tracer.trace(`job ${n}`, async () => {
          await (await pool.request({ path: `/pool${n}`, method: 'GET' })).body.text();
          await (await api.fetch(`http://127.0.0.1:${port}/fetch${n}`, { dispatcher: one })).text();
        }),
      ),
    );
    for (const { spans } of await stage.closed(12)) {
      const n = spans.at(-1)!.operationName.slice('job '.length);
      expect(spans.map((span) => span.operationName)).toEqual([`/pool${n}`, `/fetch${n}`, `job ${n}`]);
    }
  });

  test('calls with one and the same handler that wait for a connection are each their own caller’s', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 2 }));
    const one = close(new api.Agent({ connections: 1 }));
    const origin = `http://127.0.0.1:${port}`;
    await Promise.all(
      styles.map(async (style) => {
        const { handler, ended } = oneHandlerOf(style, 24);
        const jobs = Array.from({ length: 12 }, (_, n) =>
          stage.tracer.trace(`${style} ${n}`, () => {
            pool.dispatch({ path: `/pool${n}`, method: 'GET' }, handler);
            one.dispatch({ origin, path: `/agent${n}`, method: 'GET' }, handler);
            return ended;
          }),
        );
        await Promise.all(jobs);
      }),
    );
    await stage.closed(12 * styles.length);
    for (const { spans } of stage.segments) {
      const [, n] = spans.find(({ type }) => type === SpanType.local)!.operationName.split(' ');
      const exits = spans.filter(({ type }) => type === SpanType.exit).map((span) => span.operationName);
      expect(exits.sort()).toEqual([`/agent${n}`, `/pool${n}`]);
    }
  });

  test('calls with one and the same options, and one handler, are each their own caller’s', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
    const options = { path: '/', method: 'GET' } as const;
    const { handler, ended } = oneHandlerOf(styles[0]!, 6);
    const ask = async (): Promise<unknown> => (await pool.request(options)).body.text();
    const jobs = Array.from({ length: 6 }, (_, n) =>
      stage.tracer.trace(`job ${n}`, () => {
        pool.dispatch(options, handler);
        return ended;
      }),
    );
    // One that is of no trace, in the middle.
    await Promise.all([...jobs, ask(), stage.tracer.trace('last', ask)]);
    await stage.closed(8);
    const names = stage.segments.map(({ spans }) => spans.map((span) => span.operationName).sort());
    expect(names.sort()).toEqual([['/'], ...[0, 1, 2, 3, 4, 5].map((n) => ['/', `job ${n}`]), ['/', 'last']]);
  });

  test('calls that wait in a pool that is closed are each their own caller’s, though it refuses others', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
    const options = { path: '/', method: 'GET' } as const;
    const job = (name: string): Promise<unknown> =>
      stage.tracer.trace(name, async () => (await pool.request(options)).body.text());
    const jobs = ['a', 'b', 'c'].map(job);
    const closed = pool.close();
    await expect(job('late')).rejects.toThrow('closed');
    await Promise.all([...jobs, closed]);
    await stage.closed(4);
    const names = stage.segments.map(({ spans }) => spans.map((span) => span.operationName));
    expect(names.sort()).toEqual([['/', 'a'], ['/', 'b'], ['/', 'c'], ['late']]);
  });

  test('calls that wait in a pool that is destroyed leave nothing to those of another pool', async () => {
    const port = await stage.serve((request, response) => {
      if (request.url === '/answered') setTimeout(() => response.end('ok'), 2);
    });
    const options: { path: string; method: 'GET' } = { path: '/mute', method: 'GET' };
    const lost = new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 });
    const asked = [0, 1, 2].map((n) =>
      stage.tracer.trace(`lost ${n}`, () => lost.request(options).catch(() => 'lost')),
    );
    await lost.destroy();
    expect(await Promise.all(asked)).toEqual(['lost', 'lost', 'lost']);
    options.path = '/answered';
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
    const ask = async (): Promise<unknown> => (await pool.request(options)).body.text();
    await Promise.all([0, 1, 2].map((n) => stage.tracer.trace(`found ${n}`, ask)));
    await stage.closed(6);
    const names = stage.segments.map(({ spans }) => spans.map((span) => span.operationName).sort());
    expect(names.filter((some) => some.includes('/answered')).sort()).toEqual(
      [0, 1, 2].map((n) => ['/answered', `found ${n}`]),
    );
  });

  test('a call that need not wait, though others do, takes nothing from them', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    let isFirst = true;
    const connect = (_options: unknown, done: (error: Error | null, socket?: net.Socket) => void): void => {
      const socket = net.connect(port, '127.0.0.1', () => {
        if (isFirst) done(new Error('no'));
        else done(null, socket);
        isFirst = false;
      });
      closing.push({ destroy: () => Promise.resolve(void socket.destroy()) });
    };
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1, connect: connect as never }));
    const options = { path: '/', method: 'GET' } as const;
    const job = (name: string): Promise<unknown> =>
      stage.tracer.trace(name, async () => (await pool.request(options)).body.text()).catch(() => 'failed');
    const jobs = ['failing', 'a', 'b', 'c'].map(job);
    // The connection is given up, and the next call has one of its own before those that wait have their turn.
    await once(pool, 'connectionError');
    jobs.push(job('at once'), job('d'), job('e'));
    await Promise.all(jobs);
    await stage.closed(7);
    const names = stage.segments.map(({ spans }) => spans.map((span) => span.operationName));
    expect(names.sort()).toEqual(['a', 'at once', 'b', 'c', 'd', 'e', 'failing'].map((name) => ['/', name]));
  });

  test('calls that wait in a pool, which was put together before there was any request, are each their own caller’s', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
    const composed = composedOf(api, pool);
    const jobs = ['a', 'b', 'c'].map((name) =>
      stage.tracer.trace(name, async () => {
        await (await composed.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' })).body.text();
      }),
    );
    await Promise.all(jobs);
    await stage.closed(3);
    const names = stage.segments.map(({ spans }) => spans.map((span) => span.operationName));
    expect(names.sort()).toEqual(['a', 'b', 'c'].map((name) => ['/', name]));
  });

  test('a call outside of any trace that waits for another’s connection is a trace of its own', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 5));
    const pool = close(new api.Pool(`http://127.0.0.1:${port}`, { connections: 1 }));
    const ask = async (path: string): Promise<unknown> => (await pool.request({ path, method: 'GET' })).body.text();
    // The connection is opened by the job, and freed in its scope.
    const job = stage.tracer.trace('job', () => ask('/inside'));
    await Promise.all([job, ask('/outside')]);
    const segments = await stage.closed(2);
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(2);
    expect(segments.map(({ spans }) => spans.map(({ operationName }) => operationName)).sort()).toEqual([
      ['/inside', 'job'],
      ['/outside'],
    ]);
  });

  test('redirects and retries carry headers of their own and stay with their caller, though another opened the connection', async () => {
    const heads: unknown[] = [];
    const port = await stage.serve((request, response) => {
      heads.push(request.headers.sw6);
      if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end();
      else if (request.url === '/busy' && heads.length % 2 === 0) response.writeHead(503).end();
      else response.end('ok');
    });
    const base = `http://127.0.0.1:${port}`;
    const one = close(new api.Agent({ connections: 1, pipelining: 1 }));
    const again = againBy(api, one);
    await stage.tracer.trace('opens', async () => (await api.request(base, { dispatcher: one })).body.text());
    await stage.tracer.trace('moved', async () => (await again.redirect(`${base}/moved`)).body.text());
    await stage.tracer.trace('fetch', async () => (await api.fetch(`${base}/moved`, { dispatcher: one })).text());
    await stage.tracer.trace('busy', async () => (await again.retry(`${base}/busy`)).body.text());
    const segments = await stage.closed(4);
    expect(segments.map(({ spans }) => spans.map((span) => [span.operationName, span.statusCode]))).toEqual([
      [
        ['/', 200],
        ['opens', 0],
      ],
      [
        ['/moved', 302],
        ['/there', 200],
        ['moved', 0],
      ],
      [
        ['/moved', 302],
        ['/there', 200],
        ['fetch', 0],
      ],
      [
        ['/busy', 503],
        ['/busy', 200],
        ['busy', 0],
      ],
    ]);
    expect(heads).toEqual(stage.exits.map(nameOf));
  });

  test('what arrives of a body arrives in its caller’s scope, though another opened the connection', async () => {
    const port = await stage.serve((_request, response) => response.end('ok'));
    const base = `http://127.0.0.1:${port}`;
    const dispatcher = close(new api.Agent({ connections: 1, pipelining: 1 }));
    // A span for each time that something has arrived, in the trace of whoever it arrives for.
    const arrived = (): void => stage.tracer.trace('arrived', () => undefined);
    const sink = (): Writable =>
      new Writable({
        write: (_chunk, _encoding, done) => {
          arrived();
          done();
        },
      });
    const { body } = await stage.tracer.trace('opens', () => api.request(base, { dispatcher }));
    await body.text();
    await stage.tracer.trace('request', async () => {
      const { body } = await api.request(base, { dispatcher });
      await once(body.on('data', arrived), 'end');
    });
    await stage.tracer.trace('stream', () => api.stream(base, { dispatcher, method: 'GET' }, sink));
    await stage.tracer.trace('pipeline', async () => {
      const piped = api.pipeline(base, { dispatcher, method: 'GET' }, ({ body }) => body);
      await once(piped.on('data', arrived).end(), 'end');
    });
    // Outside of any trace, where it must not become part of another one.
    await api.stream(base, { dispatcher, method: 'GET' }, sink);
    const segments = await stage.closed(6);
    expect(segments.map(({ spans }) => spans.map((span) => span.operationName).sort())).toEqual([
      ['/', 'opens'],
      ['/', 'arrived', 'request'],
      ['/', 'arrived', 'stream'],
      ['/', 'arrived', 'pipeline'],
      ['arrived'],
      ['/'],
    ]);
    expect(new Set(segments.map(({ traceId }) => String(traceId))).size).toBe(6);
  });

  test('IPv6 and default ports are in the peer', async () => {
    const broken = close(
      new api.Agent({ connect: ((_options: unknown, done: (error: Error) => void) => done(new Error('no'))) as never }),
    );
    for (const url of ['http://shop.example/', 'https://shop.example/a', 'http://[::1]:81/', 'https://[::1]/'])
      await expect(api.request(url, { dispatcher: broken })).rejects.toThrow('no');
    await stage.closed(4);
    expect(stage.exits.map(({ peer, url }) => [peer, url])).toEqual([
      ['shop.example:80', 'http://shop.example:80/'],
      ['shop.example:443', 'https://shop.example:443/a'],
      ['[::1]:81', 'http://[::1]:81/'],
      ['[::1]:443', 'https://[::1]:443/'],
    ]);
  });

  test('https is traced', async () => {
    const port = await stage.serveTls({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    const secure = close(new api.Agent({ connect: { rejectUnauthorized: false } }));
    await (await api.fetch(`https://127.0.0.1:${port}/a`, { dispatcher: secure })).text();
    expect(await stage.exit()).toMatchObject({
      peer: `127.0.0.1:${port}`,
      url: `https://127.0.0.1:${port}/a`,
      statusCode: 200,
    });
  });

  test('a socket file is reached as before', async () => {
    const where = path.join(tmpdir(), `skyanchor-${name}-${process.pid}.sock`);
    const server = http.createServer((_request, response) => response.end('by file')).listen(where);
    await once(server, 'listening');
    const client = close(new api.Client('http://localhost', { connect: { socketPath: where } as never }));
    expect(await (await client.request({ path: '/a', method: 'GET' })).body.text()).toBe('by file');
    expect(await stage.exit()).toMatchObject({ peer: 'localhost:80', operationName: '/a' });
    server.close();
  });

  test('a connection that becomes one of another kind ends its span', async () => {
    const server = http.createServer();
    server.on('upgrade', (_request, socket: net.Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n');
    });
    server.on('connect', (_request, socket: net.Socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    const port = await stage.listen(server);
    const client = close(new api.Client(`http://127.0.0.1:${port}`));
    const { socket: chat } = await client.upgrade({ path: '/chat', protocol: 'chat' });
    const other = close(new api.Client(`http://127.0.0.1:${port}`));
    const { socket: tunnel } = await other.connect({ path: 'shop.example:443' });
    await stage.closed(2);
    expect(stage.exits.map((span) => [span.operationName, span.statusCode, span.isError])).toEqual([
      ['/chat', 101, false],
      ['shop.example:443', 200, false],
    ]);
    chat.destroy();
    tunnel.destroy();
  });

  test('an upgrade that is refused is an error, and ends its span', async () => {
    const port = await stage.serve((_request, response) => response.writeHead(403).end('no'));
    const client = close(new api.Client(`http://127.0.0.1:${port}`));
    await expect(client.upgrade({ path: '/chat', protocol: 'chat' })).rejects.toThrow();
    expect(await stage.exit()).toMatchObject({ operationName: '/chat', isError: true });
  });

  test('through a proxy the peer is the target, and the tunnel is another span', async () => {
    const target = await stage.serve((_request, response) => response.end('behind'));
    const server = http.createServer();
    server.on('connect', (request, socket: net.Socket) => {
      const [host, port] = request.url!.split(':');
      const onward = net.connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      onward.pipe(socket).pipe(onward);
      for (const end of [onward, socket]) end.on('error', () => undefined);
      socket.on('close', () => onward.destroy());
    });
    const port = await stage.listen(server);
    const proxy = close(new api.ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true }));
    const { body } = await api.request(`http://127.0.0.1:${target}/a`, { dispatcher: proxy });
    expect(await body.text()).toBe('behind');
    await stage.closed(2);
    expect(stage.exits.map(({ operationName, peer, method }) => [method, operationName, peer]).sort()).toEqual([
      ['CONNECT', `127.0.0.1:${target}`, `127.0.0.1:${port}`],
      ['GET', '/a', `127.0.0.1:${target}`],
    ]);
  });

  test.each<[string, Partial<TracerOptions>, boolean]>([
    ['the name is excepted', { doNotPropagateTo: ['*.partner.example'] }, false],
    ['the name and the port are excepted', { doNotPropagateTo: ['api.partner.example:1'] }, false],
    ['the address is excepted', { doNotPropagateTo: ['127.*'] }, false],
    ['another is excepted', { doNotPropagateTo: ['*.other.example', 'api.partner.example:2'] }, true],
    ['the address alone is allowed', { propagateTo: ['127.*'] }, false],
    ['the name alone is allowed', { propagateTo: ['api.partner.example'] }, false],
    ['both are allowed', { propagateTo: ['127.*', 'api.partner.example'], cluster: 'eu' }, true],
    ['the name is excepted and nothing is recorded', { doNotPropagateTo: ['*.example'], sampleRate: 0 }, false],
    ['another is excepted and nothing is recorded', { doNotPropagateTo: ['a.example'], sampleRate: 0 }, true],
  ])(
    'a request to an address with a host header gets a header only where both may: %s',
    async (_case, tracer, isSeen) => {
      const own = new Stage({ instrument: CALLS_ONLY, tracer: { names: () => V3, ...tracer } });
      try {
        stage.disable();
        const seen: unknown[] = [];
        const port = await own.serve((request, response) => {
          seen.push([request.headers.host, request.headers['sw8'] !== undefined]);
          response.end('ok');
        });
        const call = () => api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent, headers: { Host: NAME } });
        const scope = tracer.sampleRate === 0 ? own.tracer.unrecorded('/work') : undefined;
        const { body } = await (scope ? context.run(scope, call) : call());
        await body.text();
        expect(seen).toEqual([[NAME, isSeen]]);
      } finally {
        await own.close();
      }
    },
  );

  test.each([
    ['with an empty port is the same host', `${NAME}:`, false],
    ['that is longer than a host can be is none', `${'a'.repeat(260)}.partner.example`, true],
  ])('a host header %s', async (_case, host, isSeen) => {
    const own = new Stage({ instrument: CALLS_ONLY, tracer: { names: () => V3, doNotPropagateTo: ['*.example'] } });
    try {
      stage.disable();
      const seen: unknown[] = [];
      const port = await own.serve((request, response) => {
        seen.push(request.headers['sw8'] !== undefined);
        response.end('ok');
      });
      const { body } = await api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent, headers: { Host: host } });
      await body.text();
      expect(seen).toEqual([isSeen]);
    } finally {
      await own.close();
    }
  });

  test('a host that undici has looked up is told by its name', async () => {
    const { interceptors } = api as Partial<typeof Undici>;
    if (interceptors?.dns === undefined) {
      expect(name).toBe('undici5');
      return;
    }
    const own = new Stage({ instrument: CALLS_ONLY, tracer: { names: () => V3, doNotPropagateTo: ['api.partner.*'] } });
    try {
      stage.disable();
      const seen: unknown[] = [];
      const port = await own.serve((request, response) => {
        // Version 6 leaves the port out.
        seen.push([request.headers.host?.split(':')[0], request.headers['sw8'] !== undefined]);
        response.end('ok');
      });
      const dns = interceptors.dns({
        dualStack: false,
        affinity: 4,
        lookup: (_origin, _options, done) => done(null, [{ address: '127.0.0.1', family: 4, ttl: 10_000 }]),
      });
      for (const host of ['api.partner.example', 'other.example']) {
        const { body } = await api.request(`http://${host}:${port}/`, { dispatcher: agent.compose(dns) });
        await body.text();
      }
      expect(seen).toEqual([
        ['api.partner.example', false],
        ['other.example', true],
      ]);
    } finally {
      await own.close();
    }
  });

  test('once tracing is disabled nothing is traced, and dispatchers are as they were', async () => {
    const port = await stage.serve((_request, response) => response.end('ok'));
    await (await api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent })).body.text();
    const base = Object.getPrototypeOf(api.Client.prototype) as { dispatch: unknown };
    const patched = base.dispatch;
    stage.disable();
    expect(base.dispatch).not.toBe(patched);
    await (await api.request(`http://127.0.0.1:${port}/`, { dispatcher: agent })).body.text();
    await stage.closed(1);
  });
});

type Style = 'onHeaders' | 'onResponseStart';

/** The handlers that a version takes: those of versions 5 to 7, those of 7 and later. */
function stylesOf(name: string): Style[] {
  if (name === 'undici7') return ['onHeaders', 'onResponseStart'];
  return name === 'undici8' ? ['onResponseStart'] : ['onHeaders'];
}

/** Of its `dispatch` as that is now; version 5 composes nothing itself. */
function composedOf(api: Api, pool: Undici.Pool): Undici.Dispatcher {
  const { compose } = pool as { compose?: unknown };
  if (typeof compose === 'function')
    return pool.compose((dispatch) => (options, handler) => dispatch(options, handler));
  return Object.assign(new api.Dispatcher(), { dispatch: pool.dispatch.bind(pool) });
}

/** One handler for as many calls; it reads what is answered, and ends with the last of them. */
function oneHandlerOf(
  style: Style,
  calls: number,
): { handler: Undici.Dispatcher.DispatchHandler; ended: Promise<void> } {
  let come!: () => void;
  let fail!: (error: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    come = resolve;
    fail = reject;
  });
  const one = (): void => {
    calls--;
    if (calls === 0) come();
  };
  const goOn = (): boolean => true;
  const nothing = (): void => undefined;
  const handler =
    style === 'onHeaders'
      ? { onConnect: nothing, onHeaders: goOn, onData: goOn, onComplete: one, onError: fail }
      : {
          onRequestStart: nothing,
          onResponseStart: nothing,
          onResponseData: nothing,
          onResponseEnd: one,
          onResponseError: (_controller: unknown, error: Error) => fail(error),
        };
  return { handler, ended };
}

type Ask = (url: string) => ReturnType<Api['request']>;

/** Redirects and retries as each version has them. */
function againBy(api: Api, agent: Undici.Agent): { redirect: Ask; retry: Ask } {
  const { interceptors, RetryAgent, RetryHandler } = api as Partial<typeof Undici>;
  // Put together before anything was asked, as applications do.
  const redirecting = interceptors && agent.compose(interceptors.redirect({ maxRedirections: 2 }));
  const retryOptions = { minTimeout: 5, maxRetries: 2 };
  // Version 5 has the handler alone.
  class Retrying extends api.Dispatcher {
    override dispatch(options: Undici.Dispatcher.DispatchOptions, handler: Undici.Dispatcher.DispatchHandler): boolean {
      const dispatch = agent.dispatch.bind(agent);
      return agent.dispatch(options, new RetryHandler!({ ...options, retryOptions }, { dispatch, handler }));
    }
  }
  const dispatcher = RetryAgent ? new RetryAgent(agent, retryOptions) : new Retrying();
  return {
    redirect: (url) =>
      redirecting
        ? api.request(url, { dispatcher: redirecting })
        : api.request(url, { dispatcher: agent, maxRedirections: 2 } as never),
    retry: (url) => api.request(url, { dispatcher }),
  };
}

async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
