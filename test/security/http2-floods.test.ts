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
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import { someNames } from '../support/wire/names';

const MIB = 1024 * 1024;
/** What is left of an attack once it is over. */
const BUDGET = 8 * MIB;

const times = (count: number, frame: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => frame));
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const setting = (id: number, value: number): Buffer => Buffer.concat([Buffer.from([0, id]), uint32(value)]);
const INITIAL_WINDOW = 4;
const HEADER_TABLE = 1;
const answered = (id: number): Buffer => formatHttp2(FrameType.headers, Flag.endHeaders, id, GRPC_ANSWER);
/** A field that HPACK remembers, as its first. */
const remembered = (name: string, value: string): Buffer => {
  const field = headerField(name, value);
  field[0] = 0x40;
  return field;
};
const FIRST_REMEMBERED = 0x80 | 62;

/** Sent as the answer to a call. */
const attacks: Readonly<Record<string, (id: number) => Buffer>> = {
  'resets the stream a thousand times': (id) => times(1_000, formatHttp2(FrameType.rstStream, 0, id, uint32(8))),
  'resets streams that were never opened': (id) => formatHttp2(FrameType.rstStream, 0, id + 100, uint32(8)),
  'says goodbye ten thousand times': () => times(10_000, formatHttp2(FrameType.goaway, 0, 0, Buffer.alloc(8))),
  'says goodbye with 16 KB of reasons': () =>
    times(100, formatHttp2(FrameType.goaway, 0, 0, Buffer.alloc(16_000, 'x'))),
  'sends headers that grow two thousandfold when they are read': (id) =>
    Buffer.concat([
      formatHttp2(FrameType.headers, 0, id, Buffer.concat([GRPC_ANSWER, remembered('x', 'y'.repeat(4_000))])),
      formatHttp2(FrameType.continuation, Flag.endHeaders, id, Buffer.alloc(16_000, FIRST_REMEMBERED)),
    ]),
  'asks for a header table of four gigabytes': (id) =>
    Buffer.concat([
      formatHttp2(FrameType.settings, 0, 0, setting(HEADER_TABLE, 2 ** 32 - 1)),
      formatHttp2(FrameType.headers, Flag.endHeaders, id, Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0x0f])),
    ]),
  'sends headers that refer to nothing': (id) =>
    formatHttp2(FrameType.headers, Flag.endHeaders, id, Buffer.from([0x88, 0xff, 0x80, 0x01])),
  'sends a thousand informational answers': (id) =>
    times(1_000, formatHttp2(FrameType.headers, Flag.endHeaders, id, headerField(':status', '103'))),
  'sends twenty thousand settings': () => times(20_000, formatHttp2(FrameType.settings, 0, 0)),
  'sends twenty thousand pings': () => times(20_000, formatHttp2(FrameType.ping, 0, 0, Buffer.alloc(8))),
  'answers with a hundred thousand empty pieces': (id) =>
    Buffer.concat([answered(id), times(100_000, formatHttp2(FrameType.data, 0, id))]),
  'answers with pieces that are padding alone': (id) =>
    Buffer.concat([answered(id), times(10_000, formatHttp2(FrameType.data, 8, id, Buffer.from([3, 0, 0, 0])))]),
  'opens a window of nothing': (id) => formatHttp2(FrameType.windowUpdate, 0, id, uint32(0)),
  'opens a window beyond its limit': () => times(2, formatHttp2(FrameType.windowUpdate, 0, 0, uint32(2 ** 31 - 1))),
  'opens the window by single bytes, ten thousand times': (id) =>
    times(10_000, formatHttp2(FrameType.windowUpdate, 0, id, uint32(1))),
  'lets the window of a stream become negative': () =>
    Buffer.concat(
      [2 ** 31 - 1, 0, 2 ** 31 - 1, 0].map((size) =>
        formatHttp2(FrameType.settings, 0, 0, setting(INITIAL_WINDOW, size)),
      ),
    ),
  'sets a window larger than there is': () =>
    formatHttp2(FrameType.settings, 0, 0, setting(INITIAL_WINDOW, 2 ** 32 - 1)),
  'pushes what was not asked for': (id) =>
    formatHttp2(FrameType.pushPromise, Flag.endHeaders, id, Buffer.concat([uint32(2), GRPC_ANSWER])),
  'announces a frame of sixteen megabytes': (id) => Buffer.concat([Buffer.from('ffffff0000', 'hex'), uint32(id)]),
  'sends frames of kinds that do not exist': () => times(20_000, formatHttp2(200, 0xff, 0, Buffer.alloc(20))),
};

describe('a backend that floods a call', () => {
  let server: RawHttp2Server;
  const backends = new Backends();

  afterEach(async () => {
    await backends.close();
    await server.close();
  });

  it.each(Object.entries(attacks))('costs the call and no more when it %s', async (_what, attack) => {
    const meet = ({ socket }: Peer, id: number): void => void socket.write(attack(id));
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, peer) => type === FrameType.headers && meet(peer, streamId),
    });
    const heldBefore = heldBytes();
    const clock = clockOfSpeed(1);
    const backend = backends.to(server.port, { clock });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    clock.speed = 20;
    const both = await Promise.all([
      backend.api.v2.registerService('orders', never),
      backend.segments.open(someNames(), never),
    ]);
    for (const outcome of both) expect(outcome.status).not.toBe('ok');
    await backend.close();
    await until(() => server.sockets.size === 0);
    expect(heldBytes() - heldBefore).toBeLessThan(BUDGET);
  });
});
