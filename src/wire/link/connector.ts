import { messageOf } from '../../base/errors';
import { LoadError, modules } from '../../base/lazy';
import { ok, retryable, type Outcome } from '../../base/outcome';
import { formatAddress, type Address, type BackendOptions } from '../backend-options';
import { limit } from '../call/limit';
import { printable } from '../printable';
import { dial } from './dial';
import { openGrpcChannel } from './grpc-channel';
import { LastGuest } from './last-guest';
import { Link } from './link';
import { openSession } from './open-session';
import { secure } from './secure';

/** For each of the two connections, everything from the name to the first word of the other side. */
const CONNECT_MS = 5_000;

/** Keeps at most one link, to one address of the list; after each failure or loss the next one's turn comes. */
export class Connector {
  readonly guest: LastGuest;
  private link: Link | undefined;
  private connecting: Promise<Outcome<Link>> | undefined;
  private next: number;
  private number = 0;
  private readonly closing = new AbortController();
  private readonly links = new Set<Link>();
  private readonly listeners: ((reason: string) => void)[] = [];

  constructor(private readonly options: BackendOptions) {
    this.guest = new LastGuest(options.clock);
    // Not everybody's first choice is the first of the list.
    this.next = Math.floor(options.clock.random() * options.addresses.length);
  }

  get current(): Link | undefined {
    return this.link;
  }

  onDisconnect(listener: (reason: string) => void): void {
    this.listeners.push(listener);
  }

  /** The link of now, or one attempt at one address. Those who ask meanwhile share it, and its signal. */
  connect(signal: AbortSignal): Promise<Outcome<Link>> {
    if (this.link) return Promise.resolve(ok(this.link));
    this.connecting ??= this.attempt(signal).finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  /** Gives up what is under way and what stands. Never rejects. */
  async close(): Promise<void> {
    this.closing.abort(new Error('closed by us'));
    await this.connecting;
    await Promise.all([...this.links].map((link) => link.close()));
  }

  private async attempt(signal: AbortSignal): Promise<Outcome<Link>> {
    const address = this.options.addresses[this.next];
    if (!address) return retryable('no backend is configured');
    try {
      return ok(await this.open(address, signal));
    } catch (error) {
      if (error instanceof LoadError) this.options.onLoadError(error);
      if (!signal.aborted) this.moveOn();
      return retryable(`${formatAddress(address)}: ${printable(messageOf(error))}`);
    }
  }

  private async open(address: Address, signal: AbortSignal): Promise<Link> {
    const { agentVersion, clock, log, tls } = this.options;
    const authority = formatAddress(address);
    const context = tls && modules.tls().createSecureContext(tls);
    const [socket, session] = await this.bounded(signal, async (bound) => {
      const plain = await dial(address, CONNECT_MS, clock, this.guest, bound);
      const socket = context ? await secure(plain, address.host, context, bound) : plain;
      return [socket, await openSession(socket, `${context ? 'https' : 'http'}://${authority}`, bound)] as const;
    });
    const userAgent = `skyanchor/${agentVersion}`;
    const peer = { socket, host: address.host, authority, tls: context, userAgent };
    try {
      // The first call needs it: here `onLoadError` is told if it is missing.
      modules.protobuf();
      const channel = await this.bounded(signal, (bound) => openGrpcChannel(peer, this.guest, log, bound));
      return this.adopt(new Link(authority, ++this.number, { socket, session, channel }, clock));
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  private adopt(link: Link): Link {
    this.links.add(link);
    void link.gone.then(() => this.links.delete(link));
    // Also if it is lost already, while the second connection was made.
    link.lost.addEventListener('abort', () => this.onLost(link));
    link.lost.throwIfAborted();
    this.link = link;
    return link;
  }

  private onLost(link: Link): void {
    this.link = undefined;
    this.moveOn();
    const reason = messageOf(link.lost.reason);
    this.options.log.debug(`${link.address}: ${reason}`);
    for (const listener of this.listeners) {
      try {
        listener(reason);
      } catch (error) {
        this.options.log.error(`on disconnect: ${messageOf(error)}`);
      }
    }
  }

  private moveOn(): void {
    this.next = (this.next + 1) % this.options.addresses.length;
  }

  private async bounded<T>(signal: AbortSignal, step: (bound: AbortSignal) => Promise<T>): Promise<T> {
    const bound = limit(this.options.clock, CONNECT_MS, signal, this.closing.signal);
    try {
      bound.signal.throwIfAborted();
      return await step(bound.signal);
    } finally {
      bound.lift();
    }
  }
}
