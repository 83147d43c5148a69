import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import path from 'node:path';
import tls, { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { ok, type Outcome } from '../../src/base/outcome';
import type { TransportTls } from '../../src/transport/backend-options';
import { endApps, REGISTER, startApp } from '../support/app';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';

const FIXTURES = path.join(__dirname, '..', '..', 'fixtures');
const pemFile = (name: string): string => path.join(FIXTURES, 'wire', 'tls', `${name}.pem`);
const pem = (name: string): Buffer => readFileSync(pemFile(name));

const authentication = 'a-secret';
const ONE_LINE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

describe('a backend that is not the one that was meant', () => {
  let server: BackendServer;
  let backends: Backends;

  beforeEach(() => {
    backends = new Backends();
  });

  afterEach(async () => {
    await endApps();
    await backends.close();
    server.kill();
  });

  async function start(certificate: string, port = 0, authority?: string): Promise<number> {
    const keyPair = { private_key: pem('server-key'), cert_chain: pem(certificate) };
    const credentials = ServerCredentials.createSsl(pem(authority ?? 'ca'), [keyPair], authority !== undefined);
    server = new BackendServer(() => ({ services: [{ key: 'orders', value: 3 }] }), undefined, credentials);
    return server.start(port);
  }

  function connect(port: number, tls: TransportTls): Promise<Outcome<unknown>> {
    return backends.to(port, { tls, authentication }).api.connect(never);
  }

  it('is refused, and gets no call and no token, when its certificate has expired', async () => {
    const outcome = await connect(await start('expired'), { ca: pem('expired') });
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringMatching(/expired/) });
    expect(server.asked).toEqual([]);
  });

  it('is refused, and gets no call and no token, when it comes back with a certificate of another authority', async () => {
    const port = await start('server');
    const backend = backends.to(port, { tls: { ca: pem('ca') }, authentication });
    await backend.api.connect(never);
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(3));
    server.kill();
    await until(() => backend.address === undefined);
    await start('expired', port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    expect(server.asked).toEqual([]);
  });

  it('is refused, and gets no call and no token, when the environment tells Node.js to check no certificate', async () => {
    const app = startApp(path.join(FIXTURES, 'apps', 'hello.js'), {
      nodeFlags: ['--require', REGISTER],
      env: {
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: `127.0.0.1:${await start('server')}`,
        SW_AGENT_SSL_TRUSTED_CA_PATH: pemFile('other-ca'),
        SW_AGENT_AUTHENTICATION: authentication,
      },
    });
    await until(() => server.asked.length > 0 || /skyanchor warn: backend: .*certificate/.test(app.stderr));
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['signed by another authority', { cert: pem('stranger'), key: pem('client-key') }],
    ['missing', {}],
  ])('turns us away, in one line, when the certificate that we show is %s', async (_what, ours) => {
    const port = await start('server', 0, 'ca');
    const outcome = await connect(port, { ca: pem('ca'), ...ours });
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringMatching(ONE_LINE) });
    expect(server.asked).toEqual([]);
  });

  it('is told of in one line, though OpenSSL ends its own with a line break', async () => {
    server = new BackendServer();
    const outcome = await connect(await server.start(), { ca: pem('ca') });
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringMatching(/SSL routines/) });
    expect(outcome).toMatchObject({ reason: expect.stringMatching(ONE_LINE) });
  });
});

describe('a backend whose TLS costs more than its words', () => {
  const SETTINGS = Buffer.from('000000040000000000' + '000000040100000000', 'hex');
  const backends = new Backends();
  const sockets: TLSSocket[] = [];
  const connections: Socket[] = [];
  let server: Server;

  afterEach(async () => {
    jest.restoreAllMocks();
    await backends.close();
    for (const socket of [...sockets.splice(0), ...connections.splice(0)]) socket.destroy();
    server.close();
  });

  /** Speaks as much HTTP/2 as a connection needs. */
  async function start(options: TlsOptions, onSocket: (socket: TLSSocket) => void = () => undefined): Promise<number> {
    server = createServer({ key: pem('server-key'), ALPNProtocols: ['h2'], ...options }, (socket) => {
      sockets.push(socket.on('error', () => undefined).resume());
      socket.write(SETTINGS);
      onSocket(socket);
    });
    server.on('connection', (connection: Socket) => connections.push(connection.on('error', () => undefined)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const chainOf = (authorities: number): Buffer =>
    Buffer.concat([pem('server'), ...Array.from({ length: authorities }, () => pem('ca'))]);

  it.each([
    ['of a hundred certificates', 'ca', 110, /handshake took \d+ bytes/],
    ['of forty to nobody whom we trust', 'other-ca', 45, /certificate/],
  ])('is left alone for a minute after a chain %s', async (_what, trusted, authorities, reason) => {
    const port = await start({ cert: chainOf(authorities) });
    const { api } = backends.to(port, { tls: { ca: pem(trusted) } });
    expect(await api.connect(never)).toMatchObject({ status: 'retryable', reason: expect.stringMatching(reason) });
    const again = await api.connect(never);
    expect(again).toMatchObject({ reason: expect.stringContaining('left alone for a minute') });
    // Why is said each time: it may be the certificate alone.
    expect(again).toMatchObject({ reason: expect.stringMatching(reason) });
  });

  it('is connected to again at once when a connection breaks over which much has come', async () => {
    const port = await start({ cert: pem('server') });
    const backend = backends.to(port, { tls: { ca: pem('ca') } });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const [first] = sockets;
    const before = first!.bytesRead;
    // A frame of a kind that does not exist, and a ping, which is answered.
    first!.write(Buffer.concat([Buffer.from('003a98ff0000000000', 'hex'), Buffer.alloc(15_000)]));
    first!.write(Buffer.concat([Buffer.from('000008060000000000', 'hex'), Buffer.alloc(8)]));
    await until(() => first!.bytesRead > before);
    for (const connection of connections) connection.resetAndDestroy();
    await until(() => backend.address === undefined);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
  });

  describe('and that leaves a long handshake unfinished', () => {
    let between: TcpServer;

    afterEach(() => between.close());

    /** @returns a port where that much of what the backend says arrives, and then nothing */
    async function holdingBack(port: number, most: (bytes: Buffer) => number): Promise<number> {
      between = createTcpServer((socket) => {
        let come = Buffer.alloc(0);
        let sent = 0;
        const server = connectTcp(port, '127.0.0.1').on('data', (bytes: Buffer) => {
          come = Buffer.concat([come, bytes]);
          const end = most(come);
          if (end > sent) socket.write(come.subarray(sent, end));
          sent = Math.max(sent, end);
        });
        connections.push(
          socket.on('error', () => undefined),
          server.on('error', () => undefined),
        );
        socket.pipe(server);
      });
      between.listen(0, '127.0.0.1');
      await once(between, 'listening');
      return (between.address() as AddressInfo).port;
    }

    /** All but the last of the records that have come whole: of TLS 1.3 the server's end of the handshake. */
    function withoutLastRecord(bytes: Buffer): number {
      let [last, end] = [0, 0];
      while (end + 5 <= bytes.length) {
        const next = end + 5 + bytes.readUInt16BE(end + 3);
        if (next > bytes.length) break;
        [last, end] = [end, next];
      }
      return last;
    }

    async function outcomesOf(most: (bytes: Buffer) => number): Promise<Outcome<unknown>[]> {
      const port = await start({ cert: chainOf(110), minVersion: 'TLSv1.3' });
      const clock = clockOfSpeed(2);
      const { api } = backends.to(await holdingBack(port, most), { tls: { ca: pem('ca') }, clock });
      return [await api.connect(never), await api.connect(never)];
    }

    it('is left alone for a minute where its certificates have been looked at', async () => {
      const [first, second] = await outcomesOf(withoutLastRecord);
      expect(first).toMatchObject({ status: 'retryable' });
      expect(second).toMatchObject({
        reason: expect.stringMatching(/left alone for a minute: it left its TLS handshake unfinished after \d+ bytes/),
      });
    });

    it('is connected to again where they had not all come: the network may be slow, or we', async () => {
      const [first, second] = await outcomesOf(() => 20_000);
      expect(first).toMatchObject({ status: 'retryable' });
      expect(second).toMatchObject({ reason: expect.not.stringContaining('left alone') });
    });
  });

  it('is left alone for a minute after thousands of records with next to nothing in them', async () => {
    const port = await start({ cert: pem('server') });
    // Stands still, so that however long it takes, nothing is added to what may come.
    const clock = { ...clockOfSpeed(1), elapsed: () => 0 };
    const backend = backends.to(port, { tls: { ca: pem('ca') }, clock });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const [first] = sockets;
    // A frame of a kind that does not exist, one byte at a time.
    first!.write(Buffer.from('003a98ff0000000000', 'hex'));
    for (let n = 0; n < 15_000 && backend.address !== undefined; n++)
      await new Promise((written) => first!.write(Buffer.alloc(1), written));
    await until(() => backend.address === undefined);
    expect(await backend.api.connect(never)).toMatchObject({
      reason: expect.stringContaining('left alone for a minute'),
    });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'has its certificate looked at once a connection, by %s',
    async (version) => {
      const looks = jest.spyOn(tls, 'checkServerIdentity');
      const connects = jest.spyOn(tls, 'connect');
      const port = await start({ cert: pem('server'), minVersion: version, maxVersion: version });
      expect(await backends.to(port, { tls: { ca: pem('ca') } }).api.connect(never)).toMatchObject({ status: 'ok' });
      expect(looks).toHaveBeenCalledTimes(2);
      // As Node.js does for each of the requests for a new handshake that come in one piece.
      for (const { value } of connects.mock.results) (value as TLSSocket).emit('secure');
      expect(looks).toHaveBeenCalledTimes(2);
      jest.restoreAllMocks();
    },
  );

  it('is taken with a chain as long as any', async () => {
    const port = await start({ cert: chainOf(8) });
    expect(await backends.to(port, { tls: { ca: pem('ca') } }).api.connect(never)).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['later', false],
    ['at once', true],
  ])('is left alone for a minute when it asks for a second handshake within TLS 1.2, %s', async (_when, isAtOnce) => {
    const answers: unknown[] = [];
    const ask = (socket: TLSSocket): boolean | undefined => socket.renegotiate({}, (error) => answers.push(error));
    const options = { cert: pem('server'), maxVersion: 'TLSv1.2' } as const;
    const port = await start(options, isAtOnce ? ask : undefined);
    const backend = backends.to(port, { tls: { ca: pem('ca') } });
    const outcome = await backend.api.connect(never);
    if (!isAtOnce) {
      expect(outcome).toMatchObject({ status: 'ok' });
      ask(sockets[0]!);
    }
    await until(() => backend.address === undefined);
    expect(answers.filter((error) => error === null)).toEqual([]);
    expect(await backend.api.connect(never)).toMatchObject({
      reason: expect.stringContaining('left alone for a minute: it asks for new handshakes'),
    });
  });

  describe('has no Diffie-Hellman over large numbers', () => {
    const refusals: string[] = [];

    async function outcomeWith(options: TlsOptions): Promise<Outcome<unknown>> {
      const port = await start({ cert: pem('by-itself'), key: pem('by-itself-key'), ...options });
      server.on('tlsClientError', (error) => refusals.push(error.message));
      return backends.to(port, { tls: { ca: pem('by-itself') } }).api.connect(never);
    }

    afterEach(() => refusals.splice(0));

    it.each([
      ['1.2', { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' }, /no shared cipher/],
      ['1.3', { minVersion: 'TLSv1.3', ecdhCurve: 'ffdhe8192' }, /no suitable key share/],
    ] satisfies [string, TlsOptions, RegExp][])('by TLS %s', async (_version, options, refusal) => {
      expect(await outcomeWith(options)).toMatchObject({ status: 'retryable' });
      expect(refusals).toEqual(expect.arrayContaining([expect.stringMatching(refusal)]));
    });

    it('and keeps to the ciphers and curves that the application is held to', async () => {
      jest.replaceProperty(tls, 'DEFAULT_CIPHERS', 'TLS_AES_256_GCM_SHA384');
      expect(await outcomeWith({})).toMatchObject({ status: 'ok' });
      expect(sockets.at(-1)!.getCipher().standardName).toBe('TLS_AES_256_GCM_SHA384');
      jest.restoreAllMocks();
      server.close();
      jest.replaceProperty(tls, 'DEFAULT_ECDH_CURVE', 'P-384');
      expect(await outcomeWith({ ecdhCurve: 'X25519' })).toMatchObject({ status: 'retryable' });
      jest.restoreAllMocks();
    });

    it.each([
      ['1.2', { maxVersion: 'TLSv1.2', ecdhCurve: 'P-384' }],
      ['1.3', { minVersion: 'TLSv1.3', ecdhCurve: 'P-521' }],
    ] satisfies [string, TlsOptions][])('and is taken by TLS %s with a curve', async (_version, options) => {
      expect(await outcomeWith(options)).toMatchObject({ status: 'ok' });
      expect(refusals).toEqual([]);
    });
  });
});
