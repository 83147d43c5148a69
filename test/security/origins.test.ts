import { readFileSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { heldBytes } from '../support/garbage';
import { Backends, never } from '../support/wire/backends';

const MIB = 1024 * 1024;
const BUDGET = 4 * MIB;
const FRAMES = 200;
const ORIGINS_A_FRAME = 250;

const pem = (name: string): Buffer =>
  readFileSync(path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`));

describe('a backend behind TLS', () => {
  const backends = new Backends();
  const sessions = new Set<ServerHttp2Session>();
  let server: Http2SecureServer;

  beforeEach(async () => {
    server = createSecureServer({ key: pem('server-key'), cert: pem('server') });
    server.on('session', (session) => sessions.add(session.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await backends.close();
    for (const session of sessions) session.destroy();
    server.close();
  });

  it('fills no memory with origins that it claims for itself', async () => {
    const { port } = server.address() as AddressInfo;
    const backend = backends.to(port, { tls: { ca: pem('ca') } });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const heldBefore = heldBytes();
    // One for segments, one for calls.
    expect(sessions.size).toBe(2);
    for (const session of sessions) await claimOrigins(session);
    expect(heldBytes() - heldBefore).toBeLessThan(BUDGET);
    expect(backend.address).toBe(`127.0.0.1:${port}`);
  });
});

async function claimOrigins(session: ServerHttp2Session): Promise<void> {
  for (let frame = 0; frame < FRAMES; frame++) {
    session.origin(...Array.from({ length: ORIGINS_A_FRAME }, (_, at) => `https://host-${frame}-${at}.example`));
    // Answered once the other side has read all that was sent before.
    await new Promise((resolve) => session.ping(resolve));
  }
}
