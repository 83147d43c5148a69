import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly perSecond: number;
  /** What the request of this number asks for. */
  page(number: number): string;
}

const CONNECTIONS = 8;
const TICK_MS = 5;
/** A server that cannot keep up is not asked more than it has answered by this number: a busy machine gets less load. */
const MAX_OPEN = 1_000;
/** Every answer holds it once. */
const MARK = 1;

/** Asks a server on this host for pages at an even rate, over connections that stay open, without waiting for answers. */
export class Load {
  asked = 0;
  answered = 0;
  private readonly startedAt = performance.now();
  private due = 0;
  private readonly sockets: Socket[];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: LoadOptions) {
    this.sockets = Array.from({ length: CONNECTIONS }, () => connect({ port: options.port, host: '127.0.0.1' }));
    for (const socket of this.sockets) {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        for (const byte of bytes) if (byte === MARK) this.answered++;
      });
    }
    this.timer = setInterval(() => this.ask(), TICK_MS);
  }

  get perSecond(): number {
    return Math.round(this.answered / ((performance.now() - this.startedAt) / 1_000));
  }

  /** No more questions. Those that were asked may still be answered. */
  stop(): void {
    clearInterval(this.timer);
  }

  close(): void {
    this.stop();
    for (const socket of this.sockets) socket.destroy();
  }

  private ask(): void {
    const due = ((performance.now() - this.startedAt) / 1_000) * this.options.perSecond;
    const count = Math.min(due - this.due, MAX_OPEN - (this.asked - this.answered));
    this.due = due;
    const until = this.asked + count;
    const texts = this.sockets.map(() => '');
    for (; this.asked < until; this.asked++) {
      texts[this.asked % texts.length]! += `GET ${this.options.page(this.asked)} HTTP/1.1\r\nhost: loaded\r\n\r\n`;
    }
    for (const [at, text] of texts.entries()) if (text !== '') this.sockets[at]!.write(text);
  }
}
