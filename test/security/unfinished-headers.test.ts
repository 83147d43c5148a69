import type { Socket } from 'node:net';
import {
  formatHttp2,
  FrameType,
  GRPC_ANSWER,
  headerField,
  startRawHttp2,
  type Peer,
  type RawHttp2Server,
} from '../support/raw-http2';
import { HostProcess } from '../support/wire/host-process';

/** nghttp2 takes eight and ends the session at the ninth. */
const CONTINUATIONS = 9;

const UNFINISHED = [GRPC_ANSWER, headerField('x-first', 'y'.repeat(100))];

const attacks: Readonly<Record<string, (peer: Peer, streamId: number) => void>> = {
  'answers with more CONTINUATION frames than Node takes': ({ socket }, streamId) => {
    const more = Array.from({ length: CONTINUATIONS }, (_, nth) =>
      formatHttp2(FrameType.continuation, 0, streamId, headerField(`x-${nth}`, 'z'.repeat(100))),
    );
    socket.write(Buffer.concat([formatHttp2(FrameType.headers, 0, streamId, Buffer.concat(UNFINISHED)), ...more]));
  },
  'closes the connection in the middle of the headers': ({ socket }, streamId) => {
    socket.end(formatHttp2(FrameType.headers, 0, streamId, Buffer.concat(UNFINISHED)));
  },
};

/** What the client does on each of its two connections. */
const calls = {
  'for calls': `await backend.api.v2.registerService('orders', host.never)`,
  'for segments': `await backend.segments.open(host.names, host.never)`,
};

describe('a backend that never finishes its headers', () => {
  let host: HostProcess;
  let server: RawHttp2Server;

  beforeAll(() => (host = new HostProcess()));
  afterAll(() => host.remove());
  afterEach(() => server.close());

  /**
   * The collector runs in the very turn of the event loop in which the session ends, before Node has freed the
   * streams: the process stands still while the attack and the order to collect arrive, and then reads both.
   */
  async function startAttack(attack: (peer: Peer, streamId: number) => void): Promise<void> {
    const witnesses: Socket[] = [];
    server = await startRawHttp2({
      onOther: (_first, socket) => void witnesses.push(socket),
      onFrame: ({ type, streamId }, peer) => {
        if (type !== FrameType.headers) return;
        witnesses[0]?.write('stand still');
        setTimeout(() => {
          attack(peer, streamId);
          for (const witness of witnesses.slice(1)) witness.write('collect');
        }, 10);
      },
    });
  }

  it.each(Object.keys(attacks).flatMap((how) => Object.entries(calls).map(([which, call]) => [how, which, call])))(
    'does not end the process when it %s, on the connection %s',
    async (how, _which, call) => {
      await startAttack(attacks[how]!);
      const { code, said, stderr } = await host.run(
        `
        const net = require('node:net');
        const stop = (socket) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40);
        const collect = () => gc();
        const witnesses = [stop, collect, collect, collect].map((act) => {
          const socket = net.connect(${server.port}, '127.0.0.1', () => socket.write('w'));
          return socket.on('data', () => act());
        });
        let rounds = 0;
        const backend = host.backend(${server.port}, { clock: host.fastClock });
        for (; rounds < 6; rounds++) {
          await backend.api.connect(host.never);
          ${call};
        }
        gc();
        host.say({ rounds });
        await backend.close();
        for (const witness of witnesses) witness.destroy();
        host.done();
        `,
        ['--expose-gc'],
      );
      expect(stderr).toBe('');
      expect({ code, said }).toMatchObject({ code: 0, said: { rounds: 6 } });
    },
  );
});
