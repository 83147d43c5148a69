import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { setImmediate } from '../base/clock';
import { modules } from '../base/lazy';
import { errorMessage } from '../base/text';
import type { TransportTls } from './backend-options';
import { explainTls } from './explain';
import type { InboundLimit } from './inbound-limit';
import { unrefSocket } from './socket-guards';
import { withAbort } from './with-abort';

/**
 * OpenSSL checks a chain of certificates at a stretch, also one that leads to no authority of ours: a hundred take up to a
 * second. So a backend that sends more than these bytes in a handshake is left alone for a while. Those of a chain as
 * backends have them are 3,000 to 8,000, and the names of a system's authorities, of which some send a list when they ask
 * for a certificate of ours, some 17,000 more.
 */
const MAX_HANDSHAKE_BYTES = { trusted: 32 * 1024, failed: 12 * 1024 };

/**
 * What OpenSSL offers by itself, but for Diffie-Hellman over numbers: a server chooses ones of up to 10,000 bits, which take
 * seconds at a stretch, before its certificate is looked at.
 */
export function secureContextOf(tls: TransportTls): SecureContext {
  const { createSecureContext, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE } = modules.tls();
  // By TLS 1.2 a backend may ask for a new handshake at any time, and as often as it likes; gRPC has no use for that.
  const { SSL_OP_NO_RENEGOTIATION } = process.getBuiltinModule('node:crypto').constants;
  const ciphers = hasOldCiphers(DEFAULT_CIPHERS) ? `${DEFAULT_CIPHERS}:!kDHE` : DEFAULT_CIPHERS;
  const options = { ...tls, secureOptions: SSL_OP_NO_RENEGOTIATION, ciphers };
  if (DEFAULT_ECDH_CURVE !== 'auto' || !offersLargeGroups()) return createSecureContext(options);
  try {
    return createSecureContext({ ...options, ecdhCurve: 'X25519:P-256:X448:P-521:P-384' });
  } catch {
    // Where OpenSSL is held to FIPS it lacks the others; if it is something else, it comes again.
    return createSecureContext({ ...options, ecdhCurve: 'P-256:P-521:P-384' });
  }
}

/** Those of TLS 1.3 have names of their own. Where there are no others, OpenSSL takes an exception for a mistake. */
function hasOldCiphers(list: string): boolean {
  return list.split(':').some((name) => name !== '' && !/^!?TLS_/.test(name));
}

/** By TLS 1.3, up to 8,192 bits. From 3.5 on OpenSSL offers 3,072 at most, which take some milliseconds. */
function offersLargeGroups(): boolean {
  const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
  return major === 3 && minor < 5;
}

/** TLS over a connection that stands; the certificate must be `host`'s. */
export function upgradeToTls(
  socket: Socket,
  { host, context }: { readonly host: string; readonly context: SecureContext },
  /** Is told where the handshake costs more than any backend's has reason to. */
  inbound: Pick<InboundLimit, 'refuse' | 'addTls'>,
  signal: AbortSignal,
): Promise<TLSSocket> {
  let fault: string | undefined;
  let secured: TLSSocket | undefined;
  const dispose = (): void => {
    const { bytesRead } = socket;
    if (bytesRead > MAX_HANDSHAKE_BYTES.failed) {
      // OpenSSL has a certificate once it has looked at all of them. Before, it may be the network or we who are slow.
      if (hasCertificate(secured)) fault ??= `it left its TLS handshake unfinished after ${bytesRead} bytes`;
      if (fault !== undefined) inbound.refuse(fault);
    }
    socket.destroy();
  };
  return withAbort(signal, dispose, (come, fail) => {
    const own = modules.tls().connect({
      socket,
      secureContext: context,
      ALPNProtocols: ['h2'],
      // Otherwise NODE_TLS_REJECT_UNAUTHORIZED, which applications set for a call of their own, would decide for us too.
      rejectUnauthorized: true,
      // What the certificate is checked against. An IP is never announced (RFC 6066); Node warns on stderr if it is.
      host,
      ...(modules.net().isIP(host) === 0 && { servername: host }),
    });
    secured = own;
    const failBy = (error: Error): void => {
      fault = errorMessage(error);
      fail(error);
    };
    const onError = (error: Error): void => failBy(explainTls(error));
    unrefSocket(own)
      .once('secureConnect', () => {
        // From here on the bytes are those of the whole connection.
        own.removeListener('error', onError);
        secureOnce(own, inbound.refuse);
        const { bytesRead } = socket;
        if (bytesRead <= MAX_HANDSHAKE_BYTES.trusted) {
          inbound.addTls(socket, own);
          come(withoutOrigins(own));
          return;
        }
        const reason = `its TLS handshake took ${bytesRead} bytes; ${MAX_HANDSHAKE_BYTES.trusted} at most are taken`;
        // Not in this turn: OpenSSL is still at work on what has arrived.
        setImmediate(() => failBy(new Error(reason)));
      })
      .once('error', onError)
      .once('close', () => fail(new Error('the backend may not speak TLS: closed during the TLS handshake')));
  });
}

/** Not by `getPeerX509Certificate()`, which on the client's side loses the memory of all but the first with each call. */
function hasCertificate(socket: TLSSocket | undefined): boolean {
  // The type lacks what is there before a handshake and after the end.
  const certificate = socket?.getPeerCertificate() as { readonly raw?: Buffer } | null | undefined;
  return certificate?.raw !== undefined;
}

/**
 * With each request for a new handshake of TLS 1.2, although we refuse it, Node looks at the certificate anew: 0.2 ms and more
 * for 33 bytes, of which thousands may come in one piece.
 */
function secureOnce(socket: TLSSocket, refuse: (reason: string) => void): void {
  socket.removeAllListeners('secure');
  if (socket.getProtocol() === 'TLSv1.3') return;
  socket.once('secure', () => refuse('it asks for new handshakes within TLS 1.2, which gRPC never does'));
}

/**
 * Node keeps every origin that the other side of an encrypted session claims (RFC 8336), without a bound and for as long
 * as the session lives. gRPC has no use for them, and Node goes by the socket's word whether a session is encrypted.
 */
function withoutOrigins(socket: TLSSocket): TLSSocket {
  return Object.assign(socket, { encrypted: false });
}
