import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock';
import { afterReading, type IdleProcessGuard, writeQueueOf } from './socket-guards';

/**
 * Bytes that a backend may send at once, and then in a second. Its largest legitimate burst is the ids of some ten
 * thousand names after a registration.
 */
const BURST_BYTES = 4 * 1024 * 1024;
const BYTES_PER_SECOND = 256 * 1024;
const CHECK_MS = 1_000;
/**
 * So many bytes count for each that TLS takes for itself. A record of 27 bytes that changes the keys takes OpenSSL some 30 us,
 * as long as it takes to read 16 KB of content, and one of a single byte of content nearly as long.
 */
const WEIGHT_OF_TLS = 16;
/** What has come of a record whose rest has not counts as no content yet, and is given back. */
const LARGEST_RECORD_BYTES = 16 * 1024 + 256;
/** A backend that has sent more is left alone for so long: each connection lets it stall the process for a moment. */
const REST_MS = 60_000;

/** For so many checks in a row next to nothing of what we wrote went out: our answers pile up. */
const CHECKS_UNREAD = 60;
/** What TLS may keep that does not go out. No window of HTTP/2 that a backend has reason to give lets us write as much. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

const TOO_MUCH = 'it sends more than any backend has reason to';

/** What one address may send, over all connections to it: it may close each one and be connected to again. */
export class InboundBudget {
  private allowance = BURST_BYTES;
  private countedAt: number;
  private restsUntil = 0;
  private reason = TOO_MUCH;

  constructor(private readonly clock: Clock) {
    this.countedAt = clock.elapsed();
  }

  /** Why it is not to be connected to now; `undefined`: it may be. */
  get reasonToRest(): string | undefined {
    return this.clock.elapsed() < this.restsUntil ? this.reason : undefined;
  }

  /** @returns false: that was too much */
  spend(bytes: number): boolean {
    const now = this.clock.elapsed();
    const refill = ((now - this.countedAt) / 1_000) * BYTES_PER_SECOND;
    this.countedAt = now;
    this.allowance = Math.min(BURST_BYTES, this.allowance + refill) - bytes;
    if (this.allowance >= 0) return true;
    this.allowance = 0;
    this.rest();
    return false;
  }

  rest(reason = TOO_MUCH): void {
    this.reason = reason;
    this.restsUntil = this.clock.elapsed() + REST_MS;
  }
}

/**
 * Ends a connection whose other side floods it. Each frame of HTTP/2 costs CPU when it is read, and Node bounds only
 * some: informational answers, origins, window updates, priorities and frames of unknown kinds may come without end, and
 * take more of the process than its own work gets.
 */
export class InboundLimit {
  /** How much of each socket has been counted. */
  private readonly counted = new Map<Socket, number>();
  /** Of each that TLS stands on, how many of its bytes were not content, as far as they have been counted. */
  private readonly countedOfTls = new Map<TLSSocket, { readonly socket: Socket; overhead: number }>();
  /** Of each socket that has something to write, how much that was, and for how many checks it has been that much. */
  private readonly unread = new Map<Socket, { readonly bytes: number; checks: number }>();
  private isOver = false;
  private cancel: () => void = () => undefined;
  /** Takes back the watch that there is while something waits to be written. */
  private unwatch: (() => void) | undefined;
  /** Something waited to be written at the check before. */
  private wasQueued = false;

  /** @param onEnd is told why; the sockets are destroyed a turn later */
  constructor(
    private readonly clock: Clock,
    private readonly budget: InboundBudget,
    private readonly idleGuard: IdleProcessGuard,
    private readonly onEnd: (reason: string) => void,
  ) {
    this.schedule();
  }

  /** One more socket of the connection. Twice is once. */
  readonly add = (socket: Socket): void => {
    if (this.isOver || this.counted.has(socket)) return;
    this.counted.set(socket, 0);
    this.idleGuard.add(socket);
  };

  /** The handshake is over on a socket that was added. */
  readonly addTls = (socket: Socket, secured: TLSSocket): void => {
    if (!this.isOver) this.countedOfTls.set(secured, { socket, overhead: socket.bytesRead - secured.bytesRead });
  };

  /**
   * It sends what gRPC has no use for and what costs much more to read than its bytes show: the header of an informational
   * answer may be one byte that stands for 4,000.
   */
  readonly refuse = (reason?: string): void => {
    if (this.isOver) return;
    this.budget.rest(reason);
    this.end(reason);
  };

  /** The connection is over. Twice is once. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancel();
    this.unwatch?.();
    this.budget.spend(this.received());
    this.counted.clear();
    this.countedOfTls.clear();
    this.unread.clear();
  }

  private schedule(): void {
    const timer = this.clock.after(CHECK_MS, () => this.check());
    this.cancel = () => timer.cancel();
  }

  private check(): void {
    const reason = this.budget.spend(this.received()) ? this.reasonIfUnread() : TOO_MUCH;
    if (reason !== undefined) this.end(reason);
    else {
      this.watch();
      this.schedule();
    }
  }

  /** What waits to be written holds a process up that has come to its end, whoever wrote it: also Node, to answer a PING. */
  private watch(): void {
    const isQueued = this.unread.size > 0;
    if (!isQueued) {
      this.unwatch?.();
      this.unwatch = undefined;
    } else if (this.wasQueued) {
      // The next check would have seen a short stall pass.
      this.unwatch ??= this.idleGuard.guard(() => this.end('nothing else kept the process up'), 0);
    }
    this.wasQueued = isQueued;
  }

  /**
   * TLS answers requests for other keys by itself, and keeps what does not go out, without a bound: of that the socket
   * shows one piece at a time, which a side that reads a little takes.
   */
  private reasonIfUnread(): string | undefined {
    for (const secured of this.countedOfTls.keys())
      if (writeQueueOf(secured) > MAX_UNREAD_BYTES) return 'it has left more unread than any backend has reason to';
    for (const socket of this.counted.keys()) {
      const bytes = writeQueueOf(socket);
      const before = this.unread.get(socket);
      if (bytes === 0) this.unread.delete(socket);
      else if (before?.bytes !== bytes) this.unread.set(socket, { bytes, checks: 1 });
      else if (++before.checks === CHECKS_UNREAD) return 'it has read next to nothing for a minute';
    }
    return undefined;
  }

  private end(reason = TOO_MUCH): void {
    const sockets = [...this.counted.keys()];
    this.close();
    this.onEnd(reason);
    afterReading(() => {
      for (const socket of sockets) socket.destroy(new Error(reason));
    });
  }

  /** Since the last time. */
  private received(): number {
    let bytes = 0;
    for (const [socket, before] of this.counted) {
      const { bytesRead } = socket;
      bytes += bytesRead - before;
      this.counted.set(socket, bytesRead);
    }
    for (const [secured, before] of this.countedOfTls) {
      const overhead = before.socket.bytesRead - secured.bytesRead;
      bytes += Math.max(overhead - before.overhead, -LARGEST_RECORD_BYTES) * (WEIGHT_OF_TLS - 1);
      before.overhead = overhead;
    }
    return bytes;
  }
}
