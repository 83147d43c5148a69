import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import { CERTIFICATE, KEY } from '../config/certificates';
import { until } from '../support/until';
import { Stage } from './http-fixture';

const own = (): boolean => Object.hasOwn(https.Server.prototype, 'emit');
let stage: Stage;

beforeEach(async () => {
  // A server that was closed is among the process' resources a little longer.
  await until(
    () => process.getActiveResourcesInfo(),
    (names) => !names.includes('TCPServerWrap'),
  );
  stage = new Stage();
});

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

function ask(port: number, options: https.RequestOptions = {}): Promise<unknown> {
  const request = https.request({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options });
  request.on('response', (response) => response.resume()).end();
  return once(request, 'close');
}

describe('an https server', () => {
  const names = (): string[] => stage.segments.flatMap(({ spans }) => spans.map((span) => `${span.type} ${span.url}`));

  it('is patched when it has its first connection, and traced from its first request on', async () => {
    expect(own()).toBe(false);
    const port = await stage.serveTls({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    await ask(port, { path: '/first', headers: { expect: '100-continue' } });
    expect(own()).toBe(true);
    await ask(port, { path: '/second' });
    await stage.closed(4);
    const base = `https://127.0.0.1:${port}`;
    expect(names().sort()).toEqual([`0 ${base}/first`, `0 ${base}/second`, `1 ${base}/first`, `1 ${base}/second`]);
  });

  it('is as it was once tracing is disabled, whether it was asked before or not', async () => {
    const port = await stage.serveTls({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    await ask(port);
    stage.disable();
    expect(own()).toBe(false);
    const second = new Stage();
    second.disable();
    await ask(port);
    expect(own()).toBe(false);
    await second.closed(0);
  });

  it('is found whatever others publish, and where there is no https the host goes on', async () => {
    const connections = channel('net.server.socket');
    for (const message of [undefined, null, 7, {}, { socket: null }, { socket: {} }]) connections.publish(message);
    const thrown: unknown[] = [];
    const note = (error: unknown): number => thrown.push(error);
    process.on('uncaughtException', note);
    const absent = jest.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new Error('no crypto');
    });
    connections.publish({ socket: { server: {} } });
    await new Promise(setImmediate);
    absent.mockRestore();
    process.off('uncaughtException', note);
    expect([own(), thrown]).toEqual([false, []]);
  });

  it('is traced from its first request on where it is handed its connections, and accepts none', async () => {
    const inner = https.createServer({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    const outer = http.createServer().on('connect', (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      inner.emit('connection', socket);
    });
    await once(outer.listen(0, '127.0.0.1'), 'listening');
    const { port } = outer.address() as AddressInfo;
    const [, socket] = (await once(http.request({ port, method: 'CONNECT', path: 'a:443' }).end(), 'connect')) as [
      unknown,
      Socket,
    ];
    const secured = tls.connect({ socket, rejectUnauthorized: false });
    await ask(port, { agent: undefined, createConnection: () => secured, path: '/inner' });
    outer.close();
    // The call by CONNECT, too.
    await stage.closed(3);
    expect(
      names()
        .filter((name) => name.startsWith('0'))
        .join(),
    ).toMatch(/\/inner$/);
  });

  it('that was there before the agent is traced on the connection that it has already', async () => {
    const port = await stage.serveTls({ cert: CERTIFICATE, key: KEY }, (_request, response) => response.end('ok'));
    const agent = new https.Agent({ keepAlive: true });
    await ask(port, { agent, path: '/before' });
    stage.disable();
    const later = new Stage();
    await ask(port, { agent, path: '/after' });
    await later.closed(2);
    later.disable();
    agent.destroy();
    const base = `https://127.0.0.1:${port}`;
    expect(later.segments.map(({ root }) => `${root?.type} ${root?.url}`).sort()).toEqual([
      `0 ${base}/after`,
      `1 ${base}/after`,
    ]);
  });
});
