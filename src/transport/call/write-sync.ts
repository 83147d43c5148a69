import { modules } from '../../base/lazy';
import type { BackendConnection } from '../backend-connection';

/** What HTTP/2 lets a client send on a stream before the server says more. */
const FIRST_WINDOW = 65_535;
const NO_METHOD = '/';

/** How many bytes the backend takes at once. */
export function roomOf({ session }: BackendConnection): number {
  const ofStream = session.remoteSettings.initialWindowSize ?? FIRST_WINDOW;
  return Math.max(0, Math.min(ofStream, session.state.remoteWindowSize ?? 0));
}

/**
 * Writes a call's messages so that the operating system has them when this returns, with whatever other calls have written
 * before: for a process that ends now. `node:http2` leaves its bytes to the next turn of the event loop, which never
 * comes; only when a stream is broken off it first purges what waits in the whole session. So another stream, which asks
 * for nothing, is begun and broken off. On a Node that stops doing so the bytes stay here, as they would without this.
 *
 * The call is never ended, and its fate never heard: both need one more turn.
 */
export function writeSync({ session, metadata }: BackendConnection, path: string, bytes: Buffer): void {
  const begin = (method: string): ReturnType<typeof session.request> => {
    const headers = { ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers' };
    // Its result is never read.
    return session.request({ ...headers, ...metadata }).on('error', () => undefined);
  };
  if (bytes.length > 0) begin(path).write(bytes);
  begin(NO_METHOD).close(modules.http2().constants.NGHTTP2_CANCEL);
}
