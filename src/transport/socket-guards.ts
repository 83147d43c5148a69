import { executionAsyncResource } from 'node:async_hooks';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { type Clock, setImmediate, type Timer } from '../base/clock';

/** The socket never keeps the process alive, even if `ref()` is called, and never throws an error that has no listener. */
export function unrefSocket<S extends Socket>(socket: S): S {
  socket.unref();
  // grpc-js refs its connection while a call is in flight. There is no option for that.
  socket.ref = () => socket;
  socket.on('error', () => undefined);
  return socket;
}

const FIRST_WAIT_MS = 40;
const LONGEST_WAIT_MS = 5_000;
const SLOWEST_LOOK_MS = 200;
/** One millisecond of this many goes into looks: a list of 500 resources takes 0.03 ms, and one of a million 50 or more. */
const LOOKING_SHARE = 100;

/** Requests to the operating system that hold the process up although their socket is unref'd. */
const REQUEST = /^(TCP|Simple)?(Connect|Shutdown|Write)Wrap$/;
/** Stdout and stderr are listed once they were written to, though they hold nothing up. */
const STDIO = /^(Pipe|TTY)Wrap$/;
const LISTED_STDIO = 2;

/**
 * An unref'd socket still holds the process up while it connects, and while the kernel takes no more bytes: libuv
 * counts such requests as life. So while one of ours is under way, this looks whether nothing else is left, and then
 * lets go of it.
 */
export class IdleProcessGuard {
  private firstWaitMs = FIRST_WAIT_MS;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly clock: Clock) {}

  /** One more socket of ours, of TCP. Twice is once. */
  add(socket: Socket): void {
    if (socket.destroyed || this.sockets.has(socket)) return;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  /**
   * @param unseen how many requests are ours at least, also where no socket that was added shows one
   * @returns takes the watch back; call it as soon as the request is through.
   */
  guard(letGo: () => void, unseen = 1): () => void {
    // Not every kind of work can be told from nothing (worker threads, crypto, zlib are not listed, a pipe to another
    // process looks like stdout). If the process outlives our letting go, there was some: the next request gets more
    // time.
    let waitMs = this.firstWaitMs;
    let timer: Timer;
    const look = (): void => {
      const startedAt = this.clock.elapsed();
      const kinds = process.getActiveResourcesInfo();
      const tookMs = this.clock.elapsed() - startedAt;
      if (isAlone(kinds, Math.max(unseen, this.requests()))) {
        this.firstWaitMs = Math.min(this.firstWaitMs * 4, LONGEST_WAIT_MS);
        letGo();
        return;
      }
      waitMs = Math.max(this.firstWaitMs, Math.min(waitMs * 1.5, SLOWEST_LOOK_MS));
      timer = this.clock.after(Math.max(waitMs, Math.min(tookMs * LOOKING_SHARE, LONGEST_WAIT_MS)), look);
    };
    timer = this.clock.after(waitMs, look);
    return () => timer.cancel();
  }

  /** Of our sockets, as of now. Each has one at a time: HTTP/2 and TLS write, or end, no more before that is through. */
  private requests(): number {
    let requests = 0;
    for (const socket of this.sockets) if (socket.connecting || writeQueueOf(socket) > 0) requests++;
    return requests;
  }
}

/** Nothing but requests holds the process up, and no more of them than are ours: one more is the application's. */
function isAlone(kinds: readonly string[], ours: number): boolean {
  if (kinds.length > LISTED_STDIO + ours || listensToParent(kinds)) return false;
  const others = kinds.filter((kind) => !REQUEST.test(kind));
  const requests = kinds.length - others.length;
  if (requests === 0 || requests > ours) return false;
  return others.length <= LISTED_STDIO && others.every((kind) => STDIO.test(kind));
}

/**
 * The channel to the process that has started this one is listed as stdout is, and holds this one up as long as anybody
 * listens to it, unless the application has unref'd it: a worker of a cluster, whose servers are not listed either.
 */
function listensToParent(kinds: readonly string[]): boolean {
  if (!process.connected || !kinds.includes('PipeWrap')) return false;
  return process.listenerCount('message') + process.listenerCount('disconnect') > 0;
}

/** Bytes that the operating system has not taken yet; 0 also where Node.js does not say. */
export function writeQueueOf(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}

/** What is registered here holds its value until the garbage collector has run once. */
const untilCollection = new FinalizationRegistry<object>(() => undefined);

/**
 * Guards the process against what a hostile server can do with an HTTP/2 session: keeps its native half for one garbage
 * collection longer than the session itself, and ends it when the server pushes a stream or sends informational answers.
 *
 * Node frees a native stream one turn of the event loop after it was destroyed, or leaves it to the collector. A stream
 * whose header block was never finished holds memory that is counted on the session. If the session is collected
 * first, `~Http2Session()` finds that memory and aborts the process: see `docs/node-http2-report.md`.
 *
 * Neither Node nor grpc-js hands the native session out. But it is the resource of every callback that it makes, and
 * listeners on the socket are added and removed in some of them: when the settings arrive and when the session ends.
 *
 * @param onUnasked the server sends what it was not asked for; the session is destroyed
 * @param onHeaders gets the headers and the trailers of each call before its maker does
 * @returns looks for the session in the callback that runs now
 */
export function keepSession(
  socket: Socket,
  onUnasked: () => void,
  onHeaders?: (headers: IncomingHttpHeaders) => void,
): () => void {
  let session: object | undefined;
  const look = (): void => {
    const resource = executionAsyncResource();
    // A resource of the application's or of a native addon may have no constructor.
    const { constructor } = resource as { constructor?: { name?: unknown } };
    if (constructor?.name !== 'Http2Session' || session === resource) return;
    session = resource;
    // What is called here may be the application's session: its own code may be what stops us.
    const owner = valuesBySymbol(resource).find((value) => valuesBySymbol(value).includes(socket));
    if (owner !== undefined) guardCalls(owner as ClientHttp2Session, onUnasked, onHeaders);
  };
  socket.on('newListener', look).on('removeListener', look);
  socket.once('close', () => {
    const held = session;
    // A turn later the streams are freed, or left to the next collection.
    if (held) setImmediate(() => untilCollection.register({}, held));
  });
  return look;
}

/**
 * Node calls us for a frame, and settles our promises, while nghttp2 goes on to read what has come. Of a session that is
 * destroyed in there, a broken frame behind it ends the process (seen with Node 20.20 and 22.12, not with 22.23 and later):
 * `docs/node-http2-report.md`.
 */
export function afterReading(destroy: () => void): void {
  setImmediate(destroy);
}

/**
 * gRPC pushes nothing, but grpc-js does not switch it off, and a server need not heed it. Nothing listens to a stream that is
 * pushed: it would be held for as long as the session lives, and its first error would end the process. Nor has gRPC
 * informational answers, of which there may be any number to a call.
 */
function guardCalls(
  session: ClientHttp2Session,
  onUnasked: () => void,
  onHeaders: ((headers: IncomingHttpHeaders) => void) | undefined,
): void {
  let isRefused = false;
  const refuse = (stream: ClientHttp2Stream): void => {
    // Otherwise Node would make headers of all that has come for it by now.
    stream.destroy();
    if (isRefused) return;
    isRefused = true;
    onUnasked();
    afterReading(() => session.destroy());
  };
  session.on('stream', (stream: ClientHttp2Stream) => {
    stream.on('error', () => undefined);
    refuse(stream);
  });
  const request = session.request.bind(session);
  session.request = (...args) => {
    const stream = request(...args);
    stream.on('headers', () => refuse(stream));
    return onHeaders ? stream.on('response', onHeaders).on('trailers', onHeaders) : stream;
  };
}

// What grpc-js needs of an answer to our calls, and the values that it takes, in its own words.
const NEEDED = new Set([':status', 'grpc-status', 'grpc-message', 'grpc-encoding']);
const METADATA_VALUE = /^[ -~]*$/;

/**
 * Takes out all other headers. grpc-js would make metadata of them: a Buffer of each part of a `-bin` header, of
 * which a few bytes may stand for sixty thousand; and it writes what it does not take to the application's stderr.
 */
export function dropUnneeded(headers: IncomingHttpHeaders): void {
  for (const [key, value] of Object.entries(headers)) {
    if (!NEEDED.has(key) || !METADATA_VALUE.test(String(value))) Reflect.deleteProperty(headers, key);
  }
}

/** What Node keeps under symbols: a native session its own, and that its socket. */
function valuesBySymbol(owner: unknown): readonly unknown[] {
  if (typeof owner !== 'object' || owner === null) return [];
  return Object.getOwnPropertySymbols(owner).map((symbol) => (owner as Record<symbol, unknown>)[symbol]);
}
