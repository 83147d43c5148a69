import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

const CHUNK = Buffer.alloc(64 * 1024);
const GIGABYTE = 1024 ** 3;

/** `content-type`: answers everything with a page. `1 GB`: with a message of that size. */
export type HostileAnswer = 'content-type' | '1 GB';

/** Speaks HTTP/2, and is no backend. */
export class HostileServer {
  /** The bytes of answers that were taken from it. */
  written = 0;
  private readonly sessions = new Set<ServerHttp2Session>();

  private constructor(
    private readonly server: Http2Server,
    private readonly kind: HostileAnswer,
  ) {
    server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => undefined).once('close', () => this.sessions.delete(session));
    });
    server.on('stream', (stream) => this.answer(stream));
  }

  static async start(answer: HostileAnswer): Promise<HostileServer> {
    const server = createServer();
    const hostile = new HostileServer(server, answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hostile;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(stream: ServerHttp2Stream): void {
    stream.on('error', () => undefined).resume();
    if (this.kind === 'content-type') {
      stream.respond({ ':status': 200, 'content-type': 'text/html' });
      stream.end('<html>Welcome</html>');
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(GIGABYTE, 1);
    stream.write(head);
    let left = GIGABYTE;
    const pour = (): void => {
      while (left > 0 && !stream.destroyed) {
        left -= CHUNK.length;
        this.written += CHUNK.length;
        if (!stream.write(CHUNK)) return;
      }
      stream.end();
    };
    stream.on('drain', pour);
    pour();
  }
}
