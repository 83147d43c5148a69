import { errorMessage } from '../base/text';

/** OAP's port for queries, by HTTP/1 up to OAP 8. */
const HTTP_PORT = 12_800;
/** A TLS server answers cleartext with an alert: a record header of five bytes, and two more. */
const ALERT_BYTES = 7;

/** What OpenSSL makes of an answer that is no TLS. */
const NO_TLS: ReadonlySet<string> = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);
const ABOUT_CERTIFICATE = /_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA)$/;
/** Among others, how a genuine OAP refuses a certificate of an authority that it does not know. */
const INTERNAL_ERROR = 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR';
const NO_HTTP2 = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';

/** What it probably means that a TLS handshake failed, and the original words. */
export function explainTls(error: Error): Error {
  const code = codeOf(error);
  if (NO_TLS.has(code)) return withHint('the backend does not speak TLS', error);
  if (code === NO_HTTP2) return withHint('the backend speaks TLS, but not gRPC', error);
  if (code === 'ECONNRESET') return withHint('the backend may not speak TLS', error);
  return explainAlert(error);
}

/** The same where it failed after the handshake: by TLS 1.3 the agent is through before the backend has looked at its certificate. */
export function explainAlert(error: Error): Error {
  const code = codeOf(error);
  const what = 'the certificate of the agent, or that it has none';
  if (ABOUT_CERTIFICATE.test(code)) return withHint(`the backend refuses ${what}`, error);
  return code === INTERNAL_ERROR ? withHint(`the backend may refuse ${what}`, error) : error;
}

/** What it probably means that a server in cleartext did not begin with HTTP/2, and the original words. */
export function explainCleartext(error: Error, port: number | undefined): Error {
  return codeOf(error) === 'ERR_HTTP2_ERROR' ? withHint(`it does not speak gRPC${hintOfPort(port)}`, error) : error;
}

/** The same where it closed the connection after some bytes. */
export function explainClosed(error: Error, bytesRead: number): Error {
  if (bytesRead === 0) return withHint('the backend may expect TLS', error);
  return bytesRead === ALERT_BYTES ? withHint('the backend expects TLS', error) : error;
}

/** Ends the sentence that something on this port is no receiver of agents. */
export function hintOfPort(port: number | undefined): string {
  return port === HTTP_PORT ? ` (${HTTP_PORT} is SkyWalking's HTTP port; agents use 11800)` : '';
}

function withHint(hint: string, error: Error): Error {
  return new Error(`${hint}: ${errorMessage(error)}`, { cause: error });
}

function codeOf(error: Error): string {
  return String((error as NodeJS.ErrnoException).code);
}
