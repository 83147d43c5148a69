import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { formatFrame } from '../../../src/transport/call/frame';
import { oracleEncode } from './oracle';

export const GRPC_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

/** A server that speaks HTTP/2 and leaves gRPC to the test. It knows the service `orders` as 3, unless told otherwise. */
export class RawHttp2Server {
  readonly sessions = new Set<ServerHttp2Session>();
  /** Under the sessions, in the order in which they came. */
  readonly sockets: Socket[] = [];
  onCollect: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void = (stream) => stream.resume();
  onCheck: (stream: ServerHttp2Stream) => void = (stream) => respond(stream, KNOWS_US);
  /** Every call. */
  onCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void = (stream, headers) => {
    if (headers[':path']?.endsWith('/collect')) this.onCollect(stream, headers);
    else this.onCheck(stream);
  };
  private readonly server: Http2Server = createServer();

  async start(): Promise<number> {
    this.server.on('connection', (socket: Socket) => this.sockets.push(socket));
    this.server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => undefined);
      session.once('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      this.onCall(stream, headers);
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const session of this.sessions) session.destroy();
    this.server.close();
  }
}

export const KNOWS_US = formatFrame(
  oracleEncode('ServiceRegisterMapping', { services: [{ key: 'orders', value: 3 }] }),
);

/** Reads the request to its end, then answers with these bytes, and OK. */
export function respond(stream: ServerHttp2Stream, body: Uint8Array): void {
  stream.resume().on('end', () => {
    // Its client is gone: a process that ended, as some tests are about.
    if (stream.destroyed) return;
    stream.respond(GRPC_HEADERS, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(body);
  });
}
