import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type ServerOpts, type Socket } from 'node:net';

export interface BadBackend {
  /** `host:port` */
  readonly address: string;
  /** Whether the other side of one of its connections is still there. */
  isConnected(): boolean;
  close(): Promise<void>;
}

async function serve(onSocket: (socket: Socket) => unknown, options: ServerOpts = {}): Promise<BadBackend> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(options, (socket) => {
    sockets.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .resume();
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    isConnected: () => sockets.size > 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An HTTP/2 server's empty SETTINGS frame: enough for a client to believe in it. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** Goodbye, without an error. */
const GOAWAY = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, ...Buffer.alloc(8)]);

/** What an agent may meet where a backend should be. */
export const badBackends: Readonly<Record<string, () => Promise<BadBackend>>> = {
  'no listener': async () => {
    const backend = await serve(() => undefined);
    await backend.close();
    return { ...backend, close: () => Promise.resolve() };
  },
  'it takes the connection and says nothing': () => serve(() => undefined),
  'it greets, and answers no call': () => serve((socket) => socket.write(SETTINGS)),
  'it answers garbage': () =>
    serve((socket) =>
      socket.on('data', () => socket.write(Buffer.from('\x00\xff\x13garbage, and more of it'.repeat(50), 'latin1'))),
    ),
  'it speaks HTTP/1': () => serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
  'it hangs up at once': () => serve((socket) => socket.destroy()),
  'it greets and hangs up in the middle of a call': () =>
    serve((socket) => {
      socket.write(SETTINGS);
      setTimeout(() => socket.destroy(), 120);
    }),
  'it says goodbye, goes on to talk, and hangs up on the second connection': () => {
    let count = 0;
    return serve(
      (socket) => {
        if (++count % 2 === 0) return setTimeout(() => socket.destroy(), 60);
        socket.write(SETTINGS);
        setTimeout(() => socket.write(GOAWAY), 20);
        const talk = setInterval(() => socket.write(SETTINGS), 20);
        return socket.on('close', () => clearInterval(talk));
      },
      { allowHalfOpen: true },
    );
  },
};
