import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { modules } from '../base/lazy';
import { withAbort } from './with-abort';
import { explainAlert, explainCleartext, explainClosed, explainTls } from './explain';
import { keepSession, unrefSocket } from './socket-guards';
import type { SecureContext, TLSSocket } from 'node:tls';

/** HTTP/2 over a connection that stands. Open once the other side has sent its settings: so it does speak HTTP/2. */
export function openSession(
  socket: Socket,
  origin: string,
  onUnasked: () => void,
  signal: AbortSignal,
): Promise<ClientHttp2Session> {
  const dispose = (): void => void socket.destroy();
  const { remotePort } = socket;
  const isCleartext = !('encrypted' in socket);
  return withAbort(signal, dispose, (come, fail) => {
    const look = keepSession(socket, onUnasked);
    const session = modules.http2().connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    session.unref();
    // A TLS alert that comes after the handshake (a certificate refused by TLS 1.3) ends neither by itself.
    socket.once('error', (error: Error) => {
      session.destroy(error);
      socket.destroy();
    });
    session.on('error', (error: Error) =>
      fail(isCleartext ? explainCleartext(error, remotePort) : explainAlert(error)),
    );
    session.once('remoteSettings', () => {
      look();
      come(session);
    });
    session.once('close', () => {
      const error = new Error('closed before it said anything in HTTP/2');
      fail(isCleartext ? explainClosed(error, socket.bytesRead) : error);
    });
  });
}

/** TLS over a connection that stands; the certificate must be `host`'s. */
export function upgradeToTls(
  socket: Socket,
  host: string,
  context: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const dispose = (): void => void socket.destroy();
  return withAbort(signal, dispose, (come, fail) => {
    const secured = modules.tls().connect({
      socket,
      secureContext: context,
      ALPNProtocols: ['h2'],
      // Otherwise NODE_TLS_REJECT_UNAUTHORIZED, which applications set for a call of their own, would decide for us too.
      rejectUnauthorized: true,
      // What the certificate is checked against. An IP is never announced (RFC 6066); Node warns on stderr if it is.
      host,
      ...(modules.net().isIP(host) === 0 && { servername: host }),
    });
    unrefSocket(secured)
      .once('secureConnect', () => come(withoutOrigins(secured)))
      .once('error', (error: Error) => fail(explainTls(error)))
      .once('close', () => fail(new Error('the backend may not speak TLS: closed during the TLS handshake')));
  });
}

/**
 * Node keeps every origin that the other side of an encrypted session claims (RFC 8336), without a bound and for as long
 * as the session lives. gRPC has no use for them, and Node goes by the socket's word whether a session is encrypted.
 */
function withoutOrigins(socket: TLSSocket): TLSSocket {
  return Object.assign(socket, { encrypted: false });
}
