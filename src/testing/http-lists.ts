import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorMessage } from '../base/text';
import { HOST } from './server/listener';

type Lists = Readonly<Record<string, unknown>>;

/** `GET /`: everything the kit lists, as JSON. */
export class HttpLists {
  private constructor(private readonly server: Server) {}

  /** @param port 0: any @param read what to answer, asked anew each time */
  static async open(port: number, read: () => Lists): Promise<HttpLists> {
    const server = createServer((request, response) => {
      const status = statusOf(request);
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
      if (status === 200 && request.method === 'GET') void answer(response, read());
      else response.end(status === 200 ? undefined : '{}\n');
    });
    server.listen(port, HOST);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw new Error(`cannot listen on ${HOST}:${port}: ${errorMessage(error)}`, { cause: error });
    }
    return new HttpLists(server);
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

function statusOf(request: IncomingMessage): number {
  if (!isLocal(request.headers.host)) return 403;
  if (request.url !== '/' && request.url?.startsWith('/?') !== true) return 404;
  return request.method === 'GET' || request.method === 'HEAD' ? 200 : 405;
}

const LOCAL = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/** DNS rebinding: a foreign page whose host name now resolves to this host asks by that name and could read the answer. */
function isLocal(host: string | undefined): boolean {
  return host !== undefined && LOCAL.test(host);
}

async function answer(response: ServerResponse, lists: Lists): Promise<void> {
  try {
    await pipeline(Readable.from(pieces(lists)), response);
  } catch {
    // The reader has left, or one item alone is longer than a string may be: the answer ends where it is.
  }
}

/** Piece by piece, a line for each item of a list: all together may be longer than any string of V8's. */
function* pieces(lists: Lists): Generator<string> {
  let before = '{\n';
  for (const [name, list] of Object.entries(lists)) {
    yield `${before}  ${JSON.stringify(name)}: `;
    if (Array.isArray(list)) yield* items(list);
    else yield JSON.stringify(list);
    before = ',\n';
  }
  yield '\n}\n';
}

function* items(list: readonly unknown[]): Generator<string> {
  let before = '[\n';
  for (const item of list) {
    yield `${before}    ${JSON.stringify(item)}`;
    before = ',\n';
  }
  yield list.length === 0 ? '[]' : '\n  ]';
}
