import { EventEmitter } from 'node:events';
import { constants } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import { modules } from '../../src/base/lazy';
import { formatFrame, parseFrame } from '../../src/transport/call/frame';
import type { FleetClock } from './fleet-clock';
import type { SimulatedNode } from './simulated-backend';

const { CONNECTING, IDLE, READY, SHUTDOWN, TRANSIENT_FAILURE } = grpc.connectivityState;
/** From one side to the other and back. */
const ROUND_TRIP_MS = { least: 0.5, most: 3 };

/**
 * What the agent's transport sees of Node and of grpc-js, without a socket: connections, sessions and calls on a fake
 * clock. All that is above (how and when to connect, to ask, to wait, to replace) is the agent's own code.
 */
export class FakeNetwork {
  private readonly real = { ...modules };

  constructor(
    private readonly clock: FleetClock,
    private readonly nodes: ReadonlyMap<string, SimulatedNode>,
  ) {}

  /** @returns takes it away again */
  install(): () => void {
    const net = { connect: this.connect, isIP: () => 4 };
    const dns = { lookup: this.lookup };
    const http2 = { constants, connect: this.openSession };
    const calls = { ...grpc, Client: clientOf(this) };
    Object.assign(modules, { dns: () => dns, net: () => net, http2: () => http2, grpc: () => calls });
    return () => void Object.assign(modules, this.real);
  }

  /** Half of a round trip. */
  travel(arrive: () => void): void {
    const { least, most } = ROUND_TRIP_MS;
    this.clock.after(this.clock.between(least, most) / 2, arrive);
  }

  nodeAt(address: string): SimulatedNode | undefined {
    return this.nodes.get(address);
  }

  private readonly lookup = (host: string, _options: object, done: (error: null, found: object[]) => void): void => {
    this.travel(() => done(null, [{ address: host, family: 4 }]));
  };

  private readonly connect = ({ host, port }: { host: string; port: number }): FakeSocket =>
    new FakeSocket(this, host, port);

  private readonly openSession = (
    _origin: string,
    { createConnection }: { createConnection: () => FakeSocket },
  ): FakeSession => new FakeSession(this, createConnection());
}

/** A connection of TCP. */
export class FakeSocket extends EventEmitter {
  readonly remoteFamily = 'IPv4';
  readonly bytesRead = 0;
  closed = false;
  destroyed = false;
  node: SimulatedNode | undefined;

  constructor(
    readonly network: FakeNetwork,
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {
    super();
    network.travel(() => {
      if (this.destroyed) return;
      const node = network.nodeAt(`${remoteAddress}:${remotePort}`);
      const isTaken = node?.accept(this) ?? false;
      if (node?.isMute) return;
      network.travel(() => {
        if (this.destroyed) return;
        if (isTaken) this.node = node;
        if (this.node?.isUp) this.emit('connect');
        else this.destroy(new Error('connect ECONNREFUSED'));
      });
    });
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.node?.release(this);
    process.nextTick(() => {
      this.closed = true;
      if (error) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }
}

/** The session for segments, of which the fleet uses the one question before them. */
class FakeSession extends EventEmitter {
  closed = false;
  destroyed = false;

  constructor(
    private readonly network: FakeNetwork,
    private readonly socket: FakeSocket,
  ) {
    super();
    socket.once('close', () => this.destroy());
    network.travel(() => network.travel(() => this.destroyed || this.emit('remoteSettings')));
  }

  unref(): this {
    return this;
  }

  close(): void {
    this.closed = true;
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.closed = true;
    this.socket.destroy();
    process.nextTick(() => this.emit('close'));
  }

  request(headers: { readonly ':path': string }): FakeStream {
    return new FakeStream(this.network, this.socket, headers[':path']);
  }
}

class FakeStream extends EventEmitter {
  readonly id = 1;
  rstCode = 0;
  destroyed = false;
  writableEnded = false;

  constructor(
    private readonly network: FakeNetwork,
    private readonly socket: FakeSocket,
    private readonly path: string,
  ) {
    super();
    socket.once('close', () => this.destroy());
  }

  end(frame: Buffer): void {
    this.writableEnded = true;
    const request = parseFrame(frame) ?? Buffer.alloc(0);
    this.network.travel(() => {
      void this.socket.node
        ?.call(this.path, request)
        .then((answer) => this.network.travel(() => this.answered(answer)));
    });
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    process.nextTick(() => this.emit('close'));
  }

  private answered({ code, bytes }: Answer): void {
    if (this.destroyed) return;
    this.emit('response', { ':status': 200, 'content-type': 'application/grpc' });
    this.emit('data', formatFrame(bytes));
    this.emit('trailers', { 'grpc-status': String(code) });
    this.emit('end');
    this.destroy();
  }
}

export interface Answer {
  readonly code: grpc.status;
  readonly bytes: Buffer;
}

type Callback = (error: { code: grpc.status; details: string } | null, bytes?: Buffer) => void;

/** grpc-js's client as the agent uses it: one channel, which connects once. */
function clientOf(network: FakeNetwork) {
  return class FakeClient {
    private state = IDLE;
    private readonly socket: { now?: FakeSocket } = {};
    private readonly open = new Set<Callback>();
    private watchers: (() => void)[] = [];

    constructor(private readonly target: string) {}

    getChannel(): this {
      return this;
    }

    getConnectivityState(shouldConnect: boolean): grpc.connectivityState {
      if (shouldConnect && this.state === IDLE) this.connect();
      return this.state;
    }

    watchConnectivityState(from: grpc.connectivityState, _deadline: number, listener: () => void): void {
      if (this.state === from) this.watchers.push(listener);
      else process.nextTick(listener);
    }

    makeUnaryRequest(
      path: string,
      _encode: unknown,
      _decode: unknown,
      request: Buffer,
      _metadata: unknown,
      callback: Callback,
    ): { cancel(): void } {
      const { now: socket } = this.socket;
      if (this.state !== READY || !socket?.node) {
        process.nextTick(callback, { code: grpc.status.UNAVAILABLE, details: 'no connection' });
        return { cancel: () => undefined };
      }
      const { node } = socket;
      this.open.add(callback);
      network.travel(() => {
        if (!this.open.has(callback)) return;
        void node.call(path, request).then(({ code, bytes }) => {
          network.travel(() => {
            if (!this.open.delete(callback)) return;
            if (code === grpc.status.OK) callback(null, bytes);
            else callback({ code, details: grpc.status[code] });
          });
        });
      });
      return {
        cancel: () => {
          if (this.open.delete(callback)) callback({ code: grpc.status.CANCELLED, details: 'cancelled' });
        },
      };
    }

    close(): void {
      this.socket.now?.destroy();
      this.become(SHUTDOWN);
    }

    private connect(): void {
      this.become(CONNECTING);
      const [, host = '', port] = this.target.split(':');
      const socket = new FakeSocket(network, host, Number(port));
      this.socket.now = socket;
      socket.once('connect', () => this.become(READY));
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.become(this.state === READY ? IDLE : TRANSIENT_FAILURE);
        for (const callback of this.open) callback({ code: grpc.status.UNAVAILABLE, details: 'connection lost' });
        this.open.clear();
      });
    }

    private become(state: grpc.connectivityState): void {
      if (this.state === SHUTDOWN || this.state === state) return;
      this.state = state;
      const watchers = this.watchers;
      this.watchers = [];
      for (const watcher of watchers) process.nextTick(watcher);
    }
  };
}
