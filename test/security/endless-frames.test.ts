import {
  Flag,
  formatHttp2,
  FrameType,
  GRPC_ANSWER,
  headerField,
  startRawHttp2,
  type RawHttp2Server,
} from '../support/raw-http2';
import { until } from '../support/until';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import { someNames } from '../support/wire/names';

const MIB = 1024 * 1024;
const ALTSVC = 10;
const ORIGIN = 12;
const UNKNOWN = 200;
const PRIORITY = 2;

const times = (count: number, frame: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => frame));

/** Frames that Node takes without end. */
const floods: Readonly<Record<string, (id: number) => Buffer>> = {
  'informational answers': (id) => formatHttp2(FrameType.headers, Flag.endHeaders, id, headerField(':status', '103')),
  'window updates': () => formatHttp2(FrameType.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1])),
  priorities: (id) => formatHttp2(PRIORITY, 0, id, Buffer.from([0, 0, 0, 0, 1])),
  'origins of others': () => formatHttp2(ORIGIN, 0, 0, Buffer.from('\0\u0009https://a', 'latin1')),
  'alternative services': () => formatHttp2(ALTSVC, 0, 0, Buffer.from('\0\u0001ah2=":1"', 'latin1')),
  'frames of a kind that does not exist': () => formatHttp2(UNKNOWN, 0, 0, Buffer.alloc(20)),
};

describe('a backend that sends without end', () => {
  const backends = new Backends();
  let server: RawHttp2Server;

  afterEach(async () => {
    await backends.close();
    await server.close();
  });

  async function flood(frame: (id: number) => Buffer): Promise<void> {
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type !== FrameType.headers) return;
        const frames = times(2_000, frame(streamId));
        const pump = (): void => {
          while (!socket.destroyed && socket.write(frames));
          if (!socket.destroyed) socket.once('drain', () => setImmediate(pump));
        };
        pump();
      },
    });
  }

  it.each(Object.entries(floods))('loses its connection at once when they are %s', async (_what, frame) => {
    await flood(frame);
    const backend = backends.to(server.port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const call = backend.api.v2.registerService('orders', never);
    await until(() => server.sockets.size === 0);
    // From 22 on, Node itself takes some of them for a fault of the protocol.
    expect(await call).toMatchObject({ reason: expect.stringMatching(/more than any backend|Protocol error/) });
  });

  it('is not connected to again for a minute, and other backends are', async () => {
    await flood(floods['informational answers']!);
    const other = await startRawHttp2({ onFrame: () => undefined });
    try {
      let skipped = 0;
      const clock = { ...clockOfSpeed(1), elapsed: () => performance.now() + skipped };
      const backend = backends.to([server.port, other.port], { clock });
      await backend.api.connect(never);
      await backend.api.v2.registerService('orders', never);
      expect(await backend.api.connect(never)).toMatchObject({
        value: { address: `127.0.0.1:${other.port}` },
      });
      for (const socket of other.sockets) socket.destroy();
      await until(() => backend.address === undefined);
      expect(await backend.api.connect(never)).toMatchObject({
        status: 'retryable',
        reason: expect.stringContaining(`127.0.0.1:${server.port}: left alone for a minute`),
      });
      skipped = 60_000;
      await backend.api.connect(never);
      for (const socket of other.sockets) socket.destroy();
      await until(() => backend.address === undefined);
      expect(await backend.api.connect(never)).toMatchObject({
        value: { address: `127.0.0.1:${server.port}` },
      });
    } finally {
      await other.close();
    }
  });

  it('is left as well when it closes each connection before it has sent too much', async () => {
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type !== FrameType.headers) return;
        const frame = floods['frames of a kind that does not exist']!(streamId);
        socket.write(times(MIB / frame.length, frame), () => socket.end());
      },
    });
    const backend = backends.to(server.port);
    const reasons: string[] = [];
    await until(async () => {
      const connected = await backend.api.connect(never);
      if (connected.status !== 'ok') reasons.push(connected.reason);
      else await backend.api.v2.registerService('orders', never);
      return reasons.some((reason) => reason.includes('left alone'));
    });
  });
});

describe('a backend that answers before its answer, which costs a hundred times more to read than to send', () => {
  const backends = new Backends();
  let server: RawHttp2Server;

  afterEach(async () => {
    await backends.close();
    await server.close();
  });

  /** One field that HPACK remembers, and then blocks of single bytes that stand for it. */
  const FIRST_REMEMBERED = 0x80 | 62;
  function answersBefore(id: number): Buffer {
    const long = headerField('x', 'y'.repeat(3_900));
    long[0] = 0x40;
    const status = headerField(':status', '103');
    const block = Buffer.concat([status, Buffer.alloc(14, FIRST_REMEMBERED)]);
    return Buffer.concat([
      formatHttp2(FrameType.headers, Flag.endHeaders, id, Buffer.concat([status, long])),
      times(20, formatHttp2(FrameType.headers, Flag.endHeaders, id, block)),
    ]);
  }

  it.each<[string, (backend: ReturnType<Backends['to']>) => Promise<unknown>]>([
    ['a call', (backend) => backend.api.v2.registerService('orders', never)],
    ['a stream of segments', (backend) => backend.segments.open(someNames(), never)],
  ])('loses its connection and is left alone: %s', async (_what, ask) => {
    server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type === FrameType.headers) socket.write(answersBefore(streamId));
      },
    });
    const backend = backends.to(server.port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    const asked = ask(backend);
    await until(() => server.sockets.size === 0);
    await asked;
    expect(await backend.api.connect(never)).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('left alone for a minute'),
    });
  });
});

describe('a backend that ends a call with a status that gRPC does not know', () => {
  it.each(['abc', '99', '-1', '1e3'])('is told of in words: %s', async (status) => {
    const server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type !== FrameType.headers) return;
        const end = Flag.endHeaders | Flag.endStream;
        socket.write(
          Buffer.concat([
            formatHttp2(FrameType.headers, Flag.endHeaders, streamId, GRPC_ANSWER),
            formatHttp2(FrameType.headers, end, streamId, headerField('grpc-status', status)),
          ]),
        );
      },
    });
    const backends = new Backends();
    const backend = backends.to(server.port);
    await backend.api.connect(never);
    expect(await backend.api.v2.registerService('orders', never)).toMatchObject({
      reason: 'UNKNOWN: no status that gRPC knows',
    });
    await backends.close();
    await server.close();
  });
});
