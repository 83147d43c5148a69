import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { modules } from '../../base/lazy';
import { attempt } from './attempt';
import { explainTls } from './explain';
import { quiet } from './quiet';

/** TLS over a connection that stands; the certificate must be `host`'s. */
export function secure(socket: Socket, host: string, context: SecureContext, signal: AbortSignal): Promise<TLSSocket> {
  const dispose = (): void => void socket.destroy();
  return attempt(signal, dispose, (come, fail) => {
    const secured = modules.tls().connect({
      socket,
      secureContext: context,
      ALPNProtocols: ['h2'],
      // What the certificate is checked against. An IP is never announced (RFC 6066); Node warns on stderr if it is.
      host,
      ...(modules.net().isIP(host) === 0 && { servername: host }),
    });
    quiet(secured)
      .once('secureConnect', () => come(secured))
      .once('error', (error: Error) => fail(explainTls(error)))
      .once('close', () => fail(new Error('the backend may not speak TLS: closed during the TLS handshake')));
  });
}
