import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export const FrameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;

const FRAME_HEAD = 9;
const PREFACE_LENGTH = 24;
const STATUS_200 = Buffer.from([0x88]);

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** One HTTP/2 frame, whatever is in it. */
export function formatHttp2(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)) {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A header field that HPACK does not remember. */
export function headerField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), lengthAndText(name), lengthAndText(value)]);
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const prefix = [Math.min(bytes.length, 127)];
  for (let rest = bytes.length - 127; rest >= 0; rest = rest < 128 ? -1 : rest >> 7) {
    prefix.push(rest < 128 ? rest : (rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from(prefix), bytes]);
}

/** The header block of a gRPC answer that goes on. */
export const GRPC_ANSWER = Buffer.concat([STATUS_200, headerField('content-type', 'application/grpc')]);

export interface Peer {
  readonly socket: Socket;
  /** Counts up from 1. */
  readonly number: number;
}

export interface RawHttp2Options {
  /** What is said first; absent: settings without any. */
  readonly greeting?: Buffer;
  onFrame(frame: Frame, peer: Peer): void;
  /** Connections that say something else than HTTP/2's preface; their first bytes. */
  onOther?(first: Buffer, socket: Socket): void;
}

export interface RawHttp2Server {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** A server that frames HTTP/2 by hand, so that it may break every rule. It acknowledges settings, and nothing else. */
export async function startRawHttp2(options: RawHttp2Options): Promise<RawHttp2Server> {
  const sockets = new Set<Socket>();
  let number = 0;
  const server = createServer((socket) => {
    const peer = { socket, number: ++number };
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let unread = Buffer.alloc(0);
    let isGreeted = false;
    socket.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      if (!isGreeted) {
        if (unread[0] !== 'P'.charCodeAt(0)) return options.onOther?.(unread, socket);
        if (unread.length < PREFACE_LENGTH) return;
        unread = unread.subarray(PREFACE_LENGTH);
        isGreeted = true;
        socket.write(options.greeting ?? formatHttp2(FrameType.settings, 0, 0));
      }
      while (unread.length >= FRAME_HEAD) {
        const length = unread.readUIntBE(0, 3);
        if (unread.length < FRAME_HEAD + length) return;
        const [type, flags] = [unread.readUInt8(3), unread.readUInt8(4)];
        const frame = {
          type,
          flags,
          streamId: unread.readUInt32BE(5),
          payload: unread.subarray(FRAME_HEAD, FRAME_HEAD + length),
        };
        unread = unread.subarray(FRAME_HEAD + length);
        if (type === FrameType.settings && (flags & Flag.ack) === 0) {
          socket.write(formatHttp2(FrameType.settings, Flag.ack, 0));
        }
        options.onFrame(frame, peer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
