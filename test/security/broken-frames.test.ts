import {
  Flag,
  formatHttp2,
  type Frame,
  FrameType,
  GRPC_ANSWER,
  headerField,
  startRawHttp2,
  type RawHttp2Server,
} from '../support/raw-http2';
import { HostProcess } from '../support/wire/host-process';

/** A ping has eight bytes. */
const BROKEN = formatHttp2(FrameType.ping, 0, 0, Buffer.alloc(7));
const INTERNAL_ERROR = Buffer.from([0, 0, 0, 2]);

const headers = (flags: number, id: number, ...fields: Buffer[]): Buffer =>
  formatHttp2(FrameType.headers, Flag.endHeaders | flags, id, Buffer.concat(fields));
const status = (id: number, code: number): Buffer =>
  headers(Flag.endStream, id, GRPC_ANSWER, headerField('grpc-status', String(code)));

/** What makes the agent leave a backend, or end a call. */
const FRAMES: Readonly<Record<string, (id: number) => Buffer>> = {
  'an informational answer': (id) => headers(0, id, headerField(':status', '100')),
  'a pushed stream': (id) =>
    formatHttp2(
      FrameType.pushPromise,
      Flag.endHeaders,
      id,
      Buffer.concat([Buffer.from([0, 0, 0, 2, 0x82, 0x84, 0x86]), headerField(':authority', 'x')]),
    ),
  UNAVAILABLE: (id) => status(id, 14),
  UNIMPLEMENTED: (id) => status(id, 12),
  'an answer that is none': (id) => headers(Flag.endStream, id, headerField(':status', '404')),
  'a message over every limit': (id) =>
    Buffer.concat([headers(0, id, GRPC_ANSWER), formatHttp2(FrameType.data, 0, id, Buffer.from([0, 0, 255, 0, 0]))]),
  'a reset stream': (id) => formatHttp2(FrameType.rstStream, 0, id, INTERNAL_ERROR),
  'a goodbye': (id) => formatHttp2(FrameType.goaway, 0, 0, Buffer.from([0, 0, 0, id, 0, 0, 0, 0])),
  'a goodbye in anger': () => formatHttp2(FrameType.goaway, 0, 0, Buffer.concat([Buffer.alloc(4), INTERNAL_ERROR])),
};

const CALLS: Readonly<Record<string, string>> = {
  'for calls': `await backend.api.v2.registerService('orders', host.never)`,
  'for segments': `await (await backend.segments.open(host.names, host.never)).value?.end()`,
};

describe('a frame that is broken, in one piece with', () => {
  let host: HostProcess;
  let server: RawHttp2Server;

  beforeAll(() => (host = new HostProcess()));
  afterAll(() => host.remove());
  afterEach(() => server.close());

  // nghttp2 of Node.js 20 and of earlier 22 ends the process where a session is destroyed while it still reads, and what it reads next is broken.
  it.each(Object.keys(FRAMES).flatMap((what) => Object.keys(CALLS).map((which) => [what, which] as const)))(
    '%s, on the connection %s, ends no process',
    async (what, which) => {
      let answered = 0;
      server = await startRawHttp2({
        onFrame: ({ type, streamId }: Frame, { socket }) => {
          if (type !== FrameType.headers) return;
          answered++;
          socket.write(Buffer.concat([FRAMES[what]!(streamId), BROKEN]));
        },
      });
      const { code, said, stderr } = await host.run(`
        const backend = host.backend(${server.port}, { clock: host.fastClock });
        let status;
        // By that clock a connection has half a second, for which a busy machine may be too slow.
        for (let tries = 0; status !== 'ok' && tries < 40; tries++) status = (await backend.api.connect(host.never)).status;
        ${CALLS[which]};
        host.say({ status });
        await backend.close();
        host.done();
      `);
      expect(stderr).toBe('');
      expect({ code, said, answered }).toMatchObject({ code: 0, said: { status: 'ok' }, answered: 1 });
    },
  );
});
