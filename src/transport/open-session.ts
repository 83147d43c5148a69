import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { modules } from '../base/lazy';
import { withAbort } from './with-abort';
import { explainAlert, explainCleartext, explainClosed } from './explain';
import { keepSession } from './socket-guards';

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
