import { executionAsyncResource } from 'node:async_hooks';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { captureClientSockets } from '../../src/transport/grpc-channel';

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
    const end = captureClientSockets(
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

  it('of two things at the same time are each taken by their own, also when one watch has ended', async () => {
    const taken: Record<'a' | 'b', Socket[]> = { a: [], b: [] };
    const opened: Record<'a' | 'b', Promise<Socket>[]> = { a: [], b: [] };
    let goOn!: () => void;
    const later = new Promise<void>((resolve) => (goOn = resolve));
    const watch = (name: 'a' | 'b'): (() => void) =>
      captureClientSockets(
        () => {
          opened[name].push(
            open(),
            later.then(() => open()),
          );
        },
        (socket) => taken[name].push(socket),
      );
    const endA = watch('a');
    const endB = watch('b');
    const [a, b] = await Promise.all([opened.a[0], opened.b[0]]);
    endA();
    goOn();
    const [, secondB] = await Promise.all([...opened.a, ...opened.b].slice(2));
    await Promise.all(opened.a);
    endB();
    expect(taken).toEqual({ a: [a], b: [b, secondB] });
  });

  it('leave no more behind in what watches them a hundred times than in what does so once', () => {
    // Where Node.js keeps the value of a storage, in versions that keep it there.
    const marks = (): number => Object.getOwnPropertySymbols(executionAsyncResource()).length;
    const watch = (): void =>
      captureClientSockets(
        () => undefined,
        () => undefined,
      )();
    watch();
    const once = marks();
    for (let n = 0; n < 100; n++) watch();
    expect(marks()).toBe(once);
  });
});
