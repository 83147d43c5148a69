import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { Log } from '../../src/base/log';
import { systemClock } from '../../src/base/clock';
import { enable, type InstrumentOptions } from '../../src/instrument/index';
import { context, untraced } from '../../src/tracing/context';
import { SpanType } from '../../src/model/components';
import { tracing } from '../support/tracing';
import { until } from '../support/until';
import type { Segment, Span } from '../../src/model/segment';
import type { Tracer, TracerOptions } from '../../src/tracing/tracer';

export interface StageOptions {
  readonly tracer?: Partial<TracerOptions>;
  readonly instrument?: Partial<InstrumentOptions>;
}

/** For what is about calls only: the servers here are not traced. */
export const CALLS_ONLY = { ignorePath: ['*'] } as const;

/** Real servers and clients of this process, instrumented; what they leave behind is taken away by `close`. */
export class Stage {
  readonly tracer: Tracer;
  readonly segments: Segment[];
  /** What the instrumentation said: it should have nothing to say. */
  readonly said: string[] = [];
  readonly disable: () => void;
  private readonly servers: (Server | net.Server)[] = [];
  private readonly sockets = new Set<net.Socket>();

  constructor({ tracer, instrument }: StageOptions = {}) {
    const made = tracing({ clock: systemClock, ...tracer });
    this.tracer = made.tracer;
    this.segments = made.segments;
    const say = (message: string) => this.said.push(message);
    const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
    this.disable = enable(made.tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log, ...instrument });
  }

  async close(): Promise<void> {
    this.disable();
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** @returns its port */
  serve(listener: RequestListener): Promise<number> {
    return this.listen(http.createServer(listener));
  }

  serveTls(options: https.ServerOptions, listener: RequestListener): Promise<number> {
    return this.listen(https.createServer(options, listener));
  }

  async listen(server: Server | net.Server, host = '127.0.0.1'): Promise<number> {
    this.servers.push(server);
    const track = (socket: net.Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    };
    server.on('connection', track);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  /** A bare connection, for what no client would send. */
  connect(port: number): Promise<RawClient> {
    return new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(new RawClient(socket)));
      this.sockets.add(socket);
    });
  }

  /** Waits until that many segments have closed, and a moment more, in which no other may. */
  async closed(count: number): Promise<Segment[]> {
    await until(
      () => this.segments.length,
      (length) => length >= count,
    );
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(this.segments.length).toBe(count);
    return this.segments;
  }

  async entry(): Promise<Span> {
    const [segment] = await this.closed(1);
    return segment!.spans.find(({ type }) => type === SpanType.entry)!;
  }

  /** The first exit span of the only segment. */
  async exit(): Promise<Span> {
    await this.closed(1);
    return this.exits[0]!;
  }

  /** The exit spans of all segments that have closed. */
  get exits(): Span[] {
    return this.segments.flatMap(({ spans }) => spans).filter(({ type }) => type === SpanType.exit);
  }
}

export class RawClient {
  received = '';
  isClosed = false;

  constructor(readonly socket: net.Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    socket.on('error', () => undefined).on('close', () => (this.isClosed = true));
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Waits for a response with these words in it. */
  async has(words: string): Promise<void> {
    await until(
      () => this.received,
      (received) => received.includes(words),
    );
  }
}

/** Sends a request that is not traced itself, and reads the response. */
export function ask(port: number, path: string, init?: RequestInit): Promise<Response> {
  return context.run(untraced, async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    await response.clone().arrayBuffer();
    return response;
  });
}

/** From now on each exit span gives its request one header, which names the span. */
export function carrying({ tracer }: Stage): void {
  jest.spyOn(tracer, 'inject').mockImplementation((span, into, set) => set(into, 'sw6', nameOf(span)));
}

export function nameOf({ segment, spanId }: Span): string {
  return `${segment.segmentId.toString()}-${spanId}`;
}
