import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { ok } from '../../src/base/outcome';
import { until } from '../support/until';
import { Backends, never } from '../support/wire/backends';
import { GRPC_HEADERS, KNOWS_US, RawHttp2Server, respond } from '../support/wire/http2-server';
import { someNames } from '../support/wire/names';

const authentication = 'a-secret';
const tls = {};

describe('the authentication token', () => {
  let servers: RawHttp2Server[];
  let backends: Backends;

  beforeEach(() => {
    servers = [new RawHttp2Server(), new RawHttp2Server(), new RawHttp2Server()];
    backends = new Backends();
  });

  afterEach(async () => {
    await backends.close();
    for (const server of servers) server.stop();
  });

  it('goes to the backends that are named, one after the other, and not where one of them points', async () => {
    const [first, second, third] = servers as [RawHttp2Server, RawHttp2Server, RawHttp2Server];
    const [firstPort, secondPort, thirdPort] = [await first.start(), await second.start(), await third.start()];
    const tokens: unknown[] = [];
    const note =
      (answer: (stream: ServerHttp2Stream) => void) =>
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
        tokens.push(headers['authentication']);
        answer(stream);
      };
    const pointer = `http://127.0.0.1:${thirdPort}`;
    first.onCall = note((stream) => {
      const session = stream.session as ServerHttp2Session;
      session.altsvc(`h2c="127.0.0.1:${thirdPort}"`, stream.id ?? 0);
      session.origin(pointer);
      stream.respond({ ':status': 307, location: pointer, 'alt-svc': `h2c=":${thirdPort}"` }, { endStream: true });
    });
    second.onCall = note((stream) => respond(stream, KNOWS_US));
    const backend = backends.to([firstPort, secondPort], { authentication });
    await backend.api.connect(never);
    expect(await backend.api.v2.registerService('orders', never)).toMatchObject({ status: 'failed' });
    for (const session of first.sessions) session.destroy();
    await until(() => backend.address === undefined);
    await backend.api.connect(never);
    expect(backend.address).toBe(`127.0.0.1:${secondPort}`);
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(3));
    expect(tokens).toEqual([authentication, authentication]);
    expect(third.sockets).toEqual([]);
  });

  it('is shown nowhere where a backend quotes it, nor is the one before it', async () => {
    const [server] = servers as [RawHttp2Server];
    const port = await server.start();
    const quoted: unknown[] = [];
    server.onCall = (stream, headers) => {
      quoted.push(headers['authentication']);
      const message = `bad token ${String(headers['authentication'])}`;
      const status = { 'grpc-status': '16', 'grpc-message': `${message}, not ${String(quoted[0])}` };
      stream.respond({ ...GRPC_HEADERS, ...status }, { endStream: true });
    };
    // A part of the first, so that its rest would stand beside the mask.
    const tokens = ['a-secret-of-old', 'a-secret'];
    const credentials = tokens.map((token) => ({ authentication: token }));
    const backend = backends.to(port, { renewCredentials: () => Promise.resolve(credentials.shift() ?? {}) });
    const refused = { status: 'failed', reason: 'UNAUTHENTICATED: bad token ***, not ***' };
    for (const ask of [
      () => backend.api.v2.registerService('orders', never),
      () => backend.segments.open(someNames(), never),
    ]) {
      await backend.api.connect(never);
      expect(await ask()).toMatchObject(refused);
      await until(() => backend.address === undefined);
    }
    expect(quoted).toEqual(tokens);
    expect(backends.lines.join()).not.toContain('a-secret');
  });

  it.each([
    ['with one warning when it goes over a network in cleartext', { authentication }, 1],
    ['without a word when TLS is on', { authentication, tls }, 0],
    ['without a word when there is none', {}, 0],
  ])('is configured %s', (_what, options, warnings) => {
    const addresses = ['oap-1.example', '192.0.2.1', '127.0.0.1', 'localhost', '::1'].map((host) => ({
      host,
      port: 11_800,
    }));
    backends.to([], { addresses, ...options });
    const told = backends.lines.filter((line) => line.includes('cleartext'));
    expect(told).toHaveLength(warnings);
    for (const line of told) {
      expect(line).toContain('oap-1.example:11800, 192.0.2.1:11800:');
      expect(line).not.toContain(authentication);
    }
  });

  it('is configured without a word when all backends are on this very host', () => {
    backends.to(11_800, { authentication });
    expect(backends.lines).toEqual([]);
  });
});
