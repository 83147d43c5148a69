import { heldBytes } from '../support/garbage';
import {
  Flag,
  formatHttp2,
  FrameType,
  GRPC_ANSWER,
  headerField,
  startRawHttp2,
  type Peer,
  type RawHttp2Server,
} from '../support/raw-http2';
import { until } from '../support/until';
import { Backends, never } from '../support/wire/backends';
import { someNames } from '../support/wire/names';

const MIB = 1024 * 1024;
const BUDGET = 8 * MIB;
const STREAMS = 5_000;
/** Any but 0, HTTP/2's word for no error. */
const INTERNAL_ERROR = 2;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const REQUEST = Buffer.concat([Buffer.from([0x82, 0x86, 0x84]), headerField(':authority', 'backend')]);
const promised = (id: number, pushed: number): Buffer =>
  formatHttp2(FrameType.pushPromise, Flag.endHeaders, id, Buffer.concat([uint32(pushed), REQUEST]));
const begun = (id: number): Buffer => formatHttp2(FrameType.headers, Flag.endHeaders, id, GRPC_ANSWER);
const answered = (id: number): Buffer =>
  Buffer.concat([
    begun(id),
    formatHttp2(FrameType.data, 0, id, Buffer.alloc(5)),
    formatHttp2(FrameType.headers, Flag.endHeaders | Flag.endStream, id, headerField('grpc-status', '0')),
  ]);

/** Sent with the answer to a call: what becomes of a stream that is pushed. */
const ENDS: Readonly<Record<string, (peer: Peer, pushed: number) => void>> = {
  'resets it': ({ socket }, pushed) =>
    void socket.write(formatHttp2(FrameType.rstStream, 0, pushed, uint32(INTERNAL_ERROR))),
  'breaks the protocol': ({ socket }) => void socket.write(formatHttp2(FrameType.ping, 0, 5, Buffer.alloc(8))),
  'resets the connection': ({ socket }) => void socket.resetAndDestroy(),
};

describe('a backend that pushes streams', () => {
  const backends = new Backends();
  let server: RawHttp2Server;

  afterEach(async () => {
    await backends.close();
    await server.close();
  });

  it.each(Object.entries(ENDS))('is left, and ends nothing else, when it then %s', async (_what, end) => {
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, peer) => {
        if (type !== FrameType.headers) return;
        peer.socket.write(Buffer.concat([promised(streamId, 2), begun(2), answered(streamId)]));
        end(peer, 2);
      },
    });
    const backend = backends.to(server.port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    await Promise.all([backend.api.v2.registerService('orders', never), backend.segments.open(someNames(), never)]);
    // An error that nothing listens to fails the test.
    await until(() => server.sockets.size === 0);
  });

  it('fills no memory with streams that it never ends', async () => {
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type !== FrameType.headers) return;
        const frames: Buffer[] = [];
        for (let n = 1; n <= STREAMS; n++) frames.push(promised(streamId, 2 * n), begun(2 * n));
        socket.write(Buffer.concat([...frames, answered(streamId)]));
      },
    });
    const backend = backends.to(server.port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const heldBefore = heldBytes();
    await backend.api.v2.registerService('orders', never);
    await until(() => server.sockets.size === 0);
    expect(heldBytes() - heldBefore).toBeLessThan(BUDGET);
  });
});
