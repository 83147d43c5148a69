import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { setImmediate } from '../../base/clock';
import { modules } from '../../base/lazy';
import { MAX_ANSWER_BYTES } from '../answer-limits';
import type { BackendConnection } from '../backend-connection';
import { type GrpcStatus, readStatus, type StatusName } from './grpc-status';

/** How a call ended. */
interface CallEnd extends GrpcStatus {
  /** The backend certainly has not processed what was sent. */
  readonly isUntouched: boolean;
  /** What was answered, frames and all. */
  readonly body: Buffer;
}

/** One gRPC call over the connection's own session. The messages may be written joined, in any pieces. */
export class StreamCall {
  /** Resolves once the call is over, however it ended. Never rejects. */
  readonly ended: Promise<CallEnd>;
  /** Over, or going to be: there is no point in writing more. */
  isOver = false;
  private readonly stream: ClientHttp2Stream;
  private headers: IncomingHttpHeaders = {};
  private trailers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private cancelled: GrpcStatus | undefined;

  /** Throws if the session takes no more calls: then nothing was sent. */
  constructor(
    private readonly connection: BackendConnection,
    path: string,
  ) {
    this.stream = connection.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...connection.metadata,
    });
    // What an 'error' tells is read from `rstCode` in the 'close' that follows.
    this.stream.on('error', () => (this.isOver = true));
    this.stream.on('response', (headers: IncomingHttpHeaders) => (this.headers = headers));
    this.stream.on('trailers', (trailers: IncomingHttpHeaders) => (this.trailers = trailers));
    this.stream.on('data', (chunk: Buffer) => this.take(chunk));
    this.stream.on('end', () => this.onEnd());
    this.ended = new Promise((resolve) => {
      // A turn later the session has told of its GOAWAY, if that was the end.
      this.stream.once('close', () => setImmediate(() => resolve(this.read())));
    });
  }

  /** Resolves when more is wanted, or the call is over. */
  write(bytes: Buffer): Promise<void> {
    if (this.isOver || this.stream.write(bytes)) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        this.stream.off('drain', go).off('close', go);
        resolve();
      };
      this.stream.on('drain', go).on('close', go);
    });
  }

  /** Nothing more will be written. */
  end(bytes?: Buffer): void {
    if (this.isOver) return;
    if (bytes) this.stream.end(bytes);
    else this.stream.end();
  }

  /** Breaks it off, unless it is over. */
  cancel(name: StatusName, details: string): void {
    if (this.stream.destroyed) return;
    this.isOver = true;
    this.cancelled = { name, details };
    this.stream.close(modules.http2().constants.NGHTTP2_CANCEL);
    // A stream that still has bytes to send would wait for them to go.
    this.stream.destroy();
  }

  private take(chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > MAX_ANSWER_BYTES) this.cancel('RESOURCE_EXHAUSTED', 'the answer is too large');
    else this.chunks.push(chunk);
  }

  /** The backend has ended its answer, perhaps before our request was complete: it does not read the rest. */
  private onEnd(): void {
    this.isOver = true;
    if (this.stream.writableEnded) return;
    this.stream.close(modules.http2().constants.NGHTTP2_NO_ERROR);
    // What is still to be written would otherwise be waited for.
    this.stream.destroy();
  }

  private read(): CallEnd {
    this.isOver = true;
    const status =
      this.cancelled ??
      readStatus({
        headers: this.headers,
        trailers: this.trailers,
        rstCode: this.stream.rstCode,
        isConnectionLost: this.connection.closing.aborted,
      });
    return { ...status, isUntouched: this.isUntouched(), body: Buffer.concat(this.chunks) };
  }

  private isUntouched(): boolean {
    const { id, rstCode } = this.stream;
    if (id === undefined || id > this.connection.lastStreamId) return true;
    return rstCode === modules.http2().constants.NGHTTP2_REFUSED_STREAM;
  }
}

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
