import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { ok, type Outcome } from '../../src/base/outcome';
import type { TransportTls } from '../../src/transport/backend-options';
import { endApps, REGISTER, startApp } from '../support/app';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, never } from '../support/wire/backends';

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
