import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { bornSockets } from '../../src/wire/link/born-sockets';

describe('sockets that come of something', () => {
  let server: Server;
  let port: number;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  async function open(): Promise<Socket> {
    await Promise.resolve();
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    return socket;
  }

  it('are taken in hand before they are connected, those of others are not', async () => {
    const taken: (readonly [Socket, boolean])[] = [];
    let ours: Promise<Socket> | undefined;
    const end = bornSockets(
      () => {
        ours = open();
      },
      (socket) => taken.push([socket, socket.pending]),
    );
    await open();
    expect(taken).toEqual([[await ours, true]]);
    end();
    await open();
    expect(taken).toHaveLength(1);
  });
});
