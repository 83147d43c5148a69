import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../base/errors';
import { HOST } from './server/listener';

/** `GET /`: everything the kit lists, as JSON. */
export class ListsPage {
  private constructor(private readonly server: Server) {}

  /** @param port 0: any @param read what to answer, asked anew each time */
  static async open(port: number, read: () => unknown): Promise<ListsPage> {
    const server = createServer((request, response) => {
      const isRoot = request.url === '/' || request.url?.startsWith('/?') === true;
      const isAllowed = request.method === 'GET' || request.method === 'HEAD';
      const status = isRoot ? (isAllowed ? 200 : 405) : 404;
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
      response.end(status === 200 ? `${JSON.stringify(read(), undefined, 2)}\n` : '{}\n');
    });
    server.listen(port, HOST);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw new Error(`cannot listen on ${HOST}:${port}: ${messageOf(error)}`, { cause: error });
    }
    return new ListsPage(server);
  }

  get address(): string {
    return `${HOST}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
