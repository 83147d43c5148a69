import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { Component, Layer, SpanType } from '../../src/model/components';
import { context, untraced } from '../../src/tracing/context';
import { logsOf } from '../support/tracing';
import { CALLS_ONLY, carrying, nameOf, Stage } from './http-fixture';

let stage: Stage;
let heads: unknown[];

beforeEach(() => {
  heads = [];
  stage = new Stage({ instrument: CALLS_ONLY });
  carrying(stage);
});

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

const answer: http.RequestListener = (request, response) => {
  heads.push(request.headers.sw6);
  response.end('ok');
};

describe('fetch', () => {
  it('is an exit span with path, peer, url, method, status, component and layer, and carries one header', async () => {
    const port = await stage.serve(answer);
    const response = await fetch(`http://127.0.0.1:${port}/stock/7?a=b#c`, { method: 'POST', body: 'x' });
    expect(await response.text()).toBe('ok');
    await stage.closed(1);
    expect(stage.exits[0]).toMatchObject({
      operationName: '/stock/7',
      type: SpanType.exit,
      layer: Layer.http,
      componentId: Component.httpClient,
      peer: `127.0.0.1:${port}`,
      method: 'POST',
      url: `http://127.0.0.1:${port}/stock/7`,
      statusCode: 200,
      isError: false,
      logs: undefined,
    });
    expect(heads).toEqual([nameOf(stage.exits[0]!)]);
  });

  it('by URL or by Request is traced; a header that the caller set himself is his', async () => {
    const port = await stage.serve(answer);
    const url = `http://localhost:${port}/`;
    await (await fetch(new URL(url))).text();
    await (await fetch(new Request(url, { headers: { SW6: 'mine' } }))).text();
    await stage.closed(2);
    expect(heads).toEqual([nameOf(stage.exits[0]!), 'mine']);
  });

  it('is traced by the later one where a second copy of the agent is loaded into the process, and has its header', async () => {
    const first = stage;
    stage = new Stage({ instrument: CALLS_ONLY });
    carrying(stage);
    try {
      const port = await stage.serve(answer);
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await stage.closed(1);
      expect(first.segments).toHaveLength(0);
      expect(heads).toEqual([nameOf(stage.exits[0]!)]);
    } finally {
      await first.close();
    }
  });

  it('that is redirected is a span for each request, all of them the caller’s, with headers of their own', async () => {
    const port = await stage.serve((request, response) => {
      heads.push(request.headers.sw6);
      if (request.url === '/moved') response.writeHead(302, { location: '/there' });
      response.end();
    });
    await stage.tracer.trace('first', async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
    await stage.tracer.trace('job', async () => (await fetch(`http://127.0.0.1:${port}/moved`)).text());
    const [, { spans }] = (await stage.closed(2)) as [unknown, (typeof stage.segments)[number]];
    expect(spans.map((span) => [span.operationName, span.statusCode, span.parentSpanId])).toEqual([
      ['/moved', 302, 0],
      ['/there', 200, 0],
      ['job', 0, -1],
    ]);
    expect(heads).toEqual(stage.exits.map(nameOf));
  });

  it('of many at a time is never merged with another, and always its own caller’s', async () => {
    const port = await stage.serve((request, response) => {
      setTimeout(() => response.end(), Number(request.url!.slice(1)) % 7);
    });
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        stage.tracer.trace(`job ${n}`, async () => {
          for (let call = 0; call < 3; call++) await (await fetch(`http://127.0.0.1:${port}/${n}`)).text();
        }),
      ),
    );
    for (const { spans } of await stage.closed(60)) {
      const n = spans.at(-1)!.operationName.slice('job '.length);
      expect(spans.map((span) => span.operationName)).toEqual([`/${n}`, `/${n}`, `/${n}`, `job ${n}`]);
    }
  });

  it('without an answer, or that is given up, is an error', async () => {
    const server = net.createServer((socket) => socket.destroy());
    const closed = await stage.listen(server);
    const mute = await stage.serve(() => undefined);
    await expect(fetch(`http://127.0.0.1:${closed}/`)).rejects.toThrow('fetch failed');
    const signal = AbortSignal.timeout(30);
    await expect(fetch(`http://127.0.0.1:${mute}/`, { signal })).rejects.toThrow();
    await stage.closed(2);
    expect(stage.exits.map((span) => [span.isError, span.statusCode, logsOf(span).length])).toEqual([
      [true, 0, 1],
      [true, 0, 1],
    ]);
  });

  it('whose body is not read ends when it has arrived, or when the caller cancels it', async () => {
    const port = await stage.serve((request, response) => {
      if (request.url === '/small') response.end('small');
      else response.write('endless');
    });
    await fetch(`http://127.0.0.1:${port}/small`);
    await stage.closed(1);
    const { body } = await fetch(`http://127.0.0.1:${port}/endless`);
    await stage.closed(1);
    await body!.cancel();
    await stage.closed(2);
    expect(stage.exits.map((span) => [span.statusCode, span.isError, logsOf(span).length])).toEqual([
      [200, false, 0],
      [200, false, 1],
    ]);
  });

  it('that is not traced carries nothing, and ends once tracing is disabled', async () => {
    const port = await stage.serve(answer);
    const url = `http://127.0.0.1:${port}/`;
    await context.run(untraced, async () => (await fetch(url)).text());
    stage.disable();
    await (await fetch(url)).text();
    await stage.closed(0);
    expect(heads).toEqual([undefined, undefined]);
  });

  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => EventTarget & { close(): void } };
  if (!WebSocket) console.info(`Node.js ${process.version} has no WebSocket: its test is left out`);
  (WebSocket ? it : it.skip)('a WebSocket’s span ends when it is open', async () => {
    const server = http.createServer();
    server.on('upgrade', (request, socket: net.Socket) => {
      const key = `${request.headers['sec-websocket-key']!}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      heads.push(request.headers.sw6);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
    const port = await stage.listen(server);
    const socket = new WebSocket!(`ws://127.0.0.1:${port}/chat`);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    await stage.closed(1);
    expect(stage.exits[0]).toMatchObject({ operationName: '/chat', statusCode: 101, isError: false });
    expect(heads).toEqual([nameOf(stage.exits[0]!)]);
    socket.close();
  });
});
