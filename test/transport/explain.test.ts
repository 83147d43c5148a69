import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { explainAlert, explainCleartext } from '../../src/transport/explain';
import { Backends, never } from '../support/wire/backends';

const pem = (name: string): Buffer =>
  readFileSync(path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`));

/** `handshake_failure`, as servers answer what is no TLS. */
const ALERT = Buffer.from([0x15, 3, 3, 0, 2, 2, 40]);

const backends = new Backends();
const sockets = new Set<Socket>();
let server: Server | undefined;

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server?.close(resolve));
});
afterAll(() => backends.close());

/** Why one attempt to connect failed. */
async function reasonAt(made: Server, tls: boolean): Promise<string> {
  server = made.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const backend = backends.to((made.address() as AddressInfo).port, tls ? { tls: { ca: pem('ca') } } : {});
  const outcome = await backend.api.connect(never);
  return outcome.status === 'ok' ? 'connected' : outcome.reason;
}

const https = (): Server => createHttps({ cert: pem('server'), key: pem('server-key') });
const alerts = (): Server => createServer((socket) => socket.once('data', () => socket.end(ALERT)));

describe('an attempt to connect says what is probably wrong, and the original words', () => {
  it.each<[string, () => Server, boolean, RegExp]>([
    ['an HTTP/1 server', createHttp, false, /: it does not speak gRPC: Protocol error$/],
    [
      'a server that answers by a TLS alert',
      alerts,
      false,
      /: the backend expects TLS: closed before it said anything in HTTP\/2$/,
    ],
    [
      'a TLS server that hangs up',
      https,
      false,
      /: the backend may expect TLS: closed before it said anything in HTTP\/2$/,
    ],
    ['a cleartext server, over TLS', createHttp2, true, /: the backend does not speak TLS: .*wrong version number/],
    [
      'a TLS server without HTTP/2, over TLS',
      https,
      true,
      /: the backend speaks TLS, but not gRPC: .*no application protocol/,
    ],
  ])('%s', async (_what, make, tls, expected) => {
    const reason = await reasonAt(make(), tls);
    expect(reason).toMatch(expected);
    expect(reason).toMatch(/^127\.0\.0\.1:\d+: /);
    expect(reason).not.toMatch(/\p{Cc}|\s$/u);
  });

  it("SkyWalking's HTTP port", () => {
    const error = Object.assign(new Error('Protocol error'), { code: 'ERR_HTTP2_ERROR' });
    expect(explainCleartext(error, 12_800).message).toBe(
      "it does not speak gRPC (12800 is SkyWalking's HTTP port; agents use 11800): Protocol error",
    );
  });

  it.each([
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'refuses'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'refuses'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'refuses'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'refuses'],
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'may refuse'],
  ])('the alert %s', (code, verb) => {
    const error = Object.assign(new Error('an alert'), { code });
    expect(explainAlert(error).message).toBe(
      `the backend ${verb} the certificate of the agent, or that it has none: an alert`,
    );
  });

  it('nothing of an error that it does not know', () => {
    const error = new Error('read ETIMEDOUT');
    expect(explainCleartext(error, 12_800)).toBe(error);
    expect(explainAlert(error)).toBe(error);
  });
});
