import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** An address of its own for a backend: what comes to it is passed on, or not. */
export class Line {
  /** Those that came in, and are open. */
  readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private isHeld = false;
  private isDead = false;

  /** @param target `host:port` */
  constructor(
    readonly address: string,
    private readonly port: number,
    private target: string,
  ) {}

  async open(): Promise<void> {
    this.server = createServer((socket) => this.accept(socket));
    this.server.listen(this.port, this.address);
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  /** Nothing is read any more, until it goes on: as from a process that stands still. */
  hold(): void {
    this.isHeld = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** All that came meanwhile arrives now. */
  goOn(): void {
    this.isHeld = false;
    for (const socket of this.sockets) socket.resume();
  }

  /**
   * The other side of every connection has vanished without a word: what is sent is taken and goes nowhere. New ones do
   * so too, until `revive`.
   *
   * @returns the connections that were open
   */
  die(): readonly Socket[] {
    this.isDead = true;
    const lost = [...this.sockets];
    for (const socket of lost) socket.unpipe().removeAllListeners('data').resume();
    return lost;
  }

  /** What connects from now on is passed on. */
  revive(): void {
    this.isDead = false;
  }

  /** What connects from now on is passed on to another place; what is connected is cut. */
  divert(target: string): void {
    this.target = target;
    this.cut();
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    if (this.isDead) {
      socket.resume();
      return;
    }
    const [host, port] = this.target.split(':') as [string, string];
    const inner = connect(Number(port), host);
    inner.on('error', () => undefined).on('close', () => this.isDead || socket.destroy());
    socket.on('close', () => inner.destroy());
    socket.pipe(inner);
    inner.on('data', (bytes) => this.isDead || socket.destroyed || socket.write(bytes));
    if (this.isHeld) socket.pause();
  }
}
