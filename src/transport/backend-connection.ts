import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock';
import type { Dialect } from '../model/dialect';
import type { GrpcChannel } from './grpc-channel';
import type { InboundLimit } from './inbound-limit';
import { afterReading } from './socket-guards';

interface ConnectionParts {
  readonly socket: Socket;
  readonly session: ClientHttp2Session;
  readonly channel: GrpcChannel;
  /** Goes along with every call. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly inbound: InboundLimit;
}

/** How long streams that are still open get after the backend has said goodbye. */
const GOODBYE_MS = 10_000;

/**
 * One connection to one backend: an HTTP/2 session of our own for segments, whose messages go out joined, and a
 * grpc-js channel for the few calls. When one of them goes, both go, so that a restarted server never hides behind
 * a connection that was quietly made anew.
 */
export class BackendConnection {
  /** The last stream that the backend still looks at, after a GOAWAY. */
  lastStreamId = Infinity;
  /** `undefined` until the backend was asked. */
  dialect: Dialect | undefined;
  /** It was left for another, and nothing has failed. */
  isReplaced = false;
  /** Resolves when nothing of it is open any more. */
  readonly closed: Promise<void>;
  private readonly ending = new AbortController();

  constructor(
    /** `host:port` as configured. */
    readonly address: string,
    /** Counts up. */
    readonly number: number,
    private readonly connections: ConnectionParts,
    private readonly clock: Clock,
  ) {
    const { socket, session, channel } = connections;
    this.closed = socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => {
          socket.once('close', () => resolve());
        });
    session.once('goaway', (_code: number, lastStreamId: number) => {
      this.lastStreamId = lastStreamId;
      this.fail('the backend said goodbye (GOAWAY)', true);
    });
    session.once('close', () => this.fail('the connection closed'));
    channel.onLost(() => this.fail('the connection for calls closed'));
    if (session.closed || session.destroyed) this.fail('the connection closed');
  }

  get session(): ClientHttp2Session {
    return this.connections.session;
  }

  get channel(): GrpcChannel {
    return this.connections.channel;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.connections.metadata;
  }

  /** Aborts when the connection is lost: nothing new may begin on it, and no call goes on. */
  get closing(): AbortSignal {
    return this.ending.signal;
  }

  /** @param gently streams that are open may end; otherwise they break. */
  fail(reason: string, gently = false): void {
    if (this.closing.aborted) return;
    this.ending.abort(new Error(reason));
    afterReading(() => this.channel.close());
    if (!gently) {
      this.destroy();
      return;
    }
    afterReading(() => this.session.close());
    const timer = this.clock.after(GOODBYE_MS, () => this.destroy());
    void this.closed.then(() => {
      timer.cancel();
      this.connections.inbound.close();
    });
  }

  /** Another has taken its place. Streams that are open end by themselves, so that what they carry is answered. */
  replacedBy(address: string): void {
    this.isReplaced = true;
    this.fail(`replaced by a connection to ${address}, after maxConnectionAgeMs`, true);
  }

  /** Waits for nothing but the operating system. */
  async close(): Promise<void> {
    this.fail('closed by us');
    this.destroy();
    await this.closed;
  }

  private destroy(): void {
    this.connections.inbound.close();
    afterReading(() => {
      this.session.destroy();
      // A session that was closing would wait for the other side to close, too.
      this.connections.socket.destroy();
    });
  }
}
