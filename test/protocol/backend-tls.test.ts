import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { ok } from '../../src/base/outcome';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import { opened } from '../support/wire/opened';
import { entryAndExit } from '../support/wire/segments';

const pem = (name: string): Buffer =>
  readFileSync(path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`));
const ca = pem('ca');

describe('a backend over TLS', () => {
  let server: BackendServer;
  let backends: Backends;
  let port: number;

  async function start(checkClients = false, certificate = 'server'): Promise<void> {
    const keyPair = { private_key: pem('server-key'), cert_chain: pem(certificate) };
    const credentials = ServerCredentials.createSsl(ca, [keyPair], checkClients);
    server = new BackendServer(() => ({ services: [{ key: 'orders', value: 3 }] }), undefined, credentials);
    port = await server.start();
  }

  beforeEach(() => {
    backends = new Backends();
  });

  afterEach(async () => {
    await backends.close();
    server.kill();
  });

  it.each(['localhost', '127.0.0.1'])('answers, and takes segments, by the address %s', async (host) => {
    await start();
    const backend = backends.to(0, { addresses: [{ host, port }], tls: { ca } });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(3));
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    expect(await stream.end()).toEqual(ok(undefined));
    expect(server.segments()).toHaveLength(1);
  });

  it('is connected to with the credentials of the moment', async () => {
    await start();
    let now: { tls: { ca: Buffer }; authentication: string } = { tls: { ca: pem('other-ca') }, authentication: 'one' };
    const backend = backends.to(port, { tls: { ca }, renewCredentials: () => Promise.resolve(now) });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    now = { tls: { ca }, authentication: 'two' };
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    now = { tls: { ca }, authentication: 'three' };
    await backend.api.v2.registerService('orders', never);
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    await stream.end();
    // Those of the connection, until it is made anew.
    expect(server.asked.map(({ metadata }) => metadata.get('authentication'))).toEqual(server.asked.map(() => ['two']));
    expect(server.asked.length).toBeGreaterThan(1);
  });

  it('is refused when its certificate has another signer', async () => {
    await start();
    for (const tls of [{ ca: pem('other-ca') }, {}]) {
      const backend = backends.to(port, { tls });
      expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    }
  });

  it('is refused when its certificate is for another host', async () => {
    await start(false, 'elsewhere');
    for (const host of ['localhost', '127.0.0.1']) {
      const backend = backends.to(0, { addresses: [{ host, port }], tls: { ca } });
      const outcome = await backend.api.connect(never);
      expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('altnames') });
    }
    expect(server.asked).toEqual([]);
  });

  it('is refused by its IP when its certificate knows it by name only', async () => {
    await start(false, 'by-name');
    const byName = backends.to(0, { addresses: [{ host: 'localhost', port }], tls: { ca } });
    expect(await byName.api.connect(never)).toMatchObject({ status: 'ok' });
    expect(await backends.to(port, { tls: { ca } }).api.connect(never)).toMatchObject({ status: 'retryable' });
  });

  it('is accepted where its certificate is for the configured server name, and not for the host', async () => {
    await start(false, 'by-name');
    const named = backends.to(port, { tls: { ca, serverName: 'localhost' } });
    expect(await named.api.connect(never)).toMatchObject({ status: 'ok' });
    expect(await named.api.v2.registerService('orders', never)).toEqual(ok(3));
  });

  it('is refused where its certificate is not for the configured server name', async () => {
    await start();
    const named = backends.to(port, { tls: { ca, serverName: 'elsewhere.example' } });
    expect(await named.api.connect(never)).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('altnames'),
    });
  });

  it('lets in those who show a certificate of its own authority, when it asks for one', async () => {
    await start(true);
    const known = backends.to(port, { tls: { ca, cert: pem('client'), key: pem('client-key') } });
    expect(await known.api.connect(never)).toMatchObject({ status: 'ok' });
    expect(await known.api.v2.registerService('orders', never)).toEqual(ok(3));
    const unknown = backends.to(port, { tls: { ca } });
    // At once, and not after the five seconds that it has.
    const outcome = await unknown.api.connect(never);
    expect(outcome).toMatchObject({
      status: 'retryable',
      // By TLS 1.3 the connection may be gone before its alert is read.
      reason: expect.stringMatching(
        /: (?:the backend refuses the certificate of the agent, or that it has none: .*alert|.*(?:hang up|closed|ECONNRESET))/,
      ),
    });
  });

  it('is not spoken to in cleartext', async () => {
    await start();
    const backend = backends.to(port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    expect(server.asked).toEqual([]);
  });

  it('is only an outcome when a file holds no certificate', async () => {
    await start();
    for (const tls of [
      { ca, cert: Buffer.from('nonsense') },
      { ca, key: pem('client-key'), cert: pem('server') },
    ]) {
      const backend = backends.to(port, { tls });
      expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    }
  });

  it('is given up after five seconds when it does not shake hands', async () => {
    await start();
    let open = 0;
    const mute = createServer((socket) => {
      open++;
      socket.resume().once('close', () => open--);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port: mutePort } = mute.address() as AddressInfo;
    const backend = backends.to(mutePort, { tls: { ca }, clock: clockOfSpeed(50) });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    await until(() => open === 0);
    mute.close();
  });
});
