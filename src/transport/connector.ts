import type { Clock, Timer } from '../base/clock';
import { errorMessage, keepSecret, printable } from '../base/text';
import { LoadError, modules } from '../base/lazy';
import { ok, retryable, type Outcome } from '../base/outcome';
import { formatAddress, type Address, type BackendOptions } from './backend-options';
import { startDeadline } from '../base/deadline';
import { dial, shuffled } from './dial';
import { openGrpcChannel } from './grpc-channel';
import { InboundBudget, InboundLimit } from './inbound-limit';
import { afterReading, IdleProcessGuard } from './socket-guards';
import { BackendConnection } from './backend-connection';
import { openSession } from './open-session';
import { secureContextOf, upgradeToTls } from './upgrade-to-tls';
import { withAbort } from './with-abort';

/** For each of the two connections, everything from the name to the first word of the other side. */
const CONNECT_MS = 5_000;

/** The share of the age at which a connection is replaced: agents that started together must not all move together. */
const AGE_JITTER = 0.2;

/**
 * Keeps one connection, to one address of the list; after each failure or loss the next one's turn comes. There are two
 * only while a connection that has reached its age is replaced.
 */
export class Connector {
  readonly idleGuard: IdleProcessGuard;
  private connection: BackendConnection | undefined;
  private connecting: Promise<Outcome<BackendConnection>> | undefined;
  /** In an order of its own: the agents of a node that is lost go to all others alike, not to the one that follows it. */
  private readonly addresses: readonly Address[];
  private next: number;
  private number = 0;
  private readonly closing = new AbortController();
  private readonly connections = new Set<BackendConnection>();
  private readonly pace: ConnectionPace;
  private readonly budgets = new Map<Address, InboundBudget>();
  private readonly listeners: ((reason: string) => void)[] = [];
  private replacing: Promise<void> | undefined;

  constructor(
    private readonly options: BackendOptions,
    /** Whether the backend of a connection that is to replace the one of now knows us as that one does. */
    private readonly verify: (connection: BackendConnection, signal: AbortSignal) => Promise<Outcome<unknown>>,
  ) {
    this.idleGuard = new IdleProcessGuard(options.clock);
    this.pace = new ConnectionPace(options.clock);
    this.addresses = shuffled(options.addresses, options.clock);
    // Not everybody's first choice is the first of the list.
    this.next = this.randomIndex();
  }

  get current(): BackendConnection | undefined {
    return this.connection;
  }

  onDisconnect(listener: (reason: string) => void): void {
    this.listeners.push(listener);
  }

  /** The connection of now, or one attempt at one address. Those who ask meanwhile share it, and its signal. */
  connect(signal: AbortSignal): Promise<Outcome<BackendConnection>> {
    if (this.connection) return Promise.resolve(ok(this.connection));
    this.connecting ??= this.attempt(signal).finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  /** Gives up what is under way and what stands. Never rejects. */
  async close(): Promise<void> {
    this.closing.abort(new Error('closed by us'));
    await this.connecting;
    await this.replacing;
    await Promise.all([...this.connections].map((connection) => connection.close()));
  }

  private async attempt(signal: AbortSignal): Promise<Outcome<BackendConnection>> {
    const address = this.addresses[this.next];
    if (!address) return retryable('no backend is configured');
    try {
      await this.waitForPace(signal);
      const connection = await this.open(address, signal);
      this.pace.acquire();
      return ok(this.adopt(connection));
    } catch (error) {
      if (error instanceof LoadError && error.isLasting) this.options.onLoadError(error);
      if (!signal.aborted) this.moveOn();
      return retryable(`${formatAddress(address)}: ${printable(errorMessage(error))}`);
    }
  }

  private async waitForPace(signal: AbortSignal): Promise<void> {
    const waitMs = this.pace.waitMs();
    if (waitMs === 0) return;
    await this.bounded(signal, (bound) => {
      let timer: Timer | undefined;
      return withAbort<void>(
        bound,
        () => timer?.cancel(),
        (come) => (timer = this.options.clock.after(waitMs, come)),
      );
    });
  }

  private async open(address: Address, signal: AbortSignal): Promise<BackendConnection> {
    const { clock } = this.options;
    const budget = this.budgets.get(address) ?? new InboundBudget(clock);
    this.budgets.set(address, budget);
    if (budget.reasonToRest !== undefined) throw new Error(`left alone for a minute: ${budget.reasonToRest}`);
    let connection: BackendConnection | undefined;
    const inbound = new InboundLimit(clock, budget, this.idleGuard, (reason) => connection?.fail(reason));
    try {
      connection = await this.openWithin(address, inbound, signal);
      return connection;
    } catch (error) {
      inbound.close();
      throw error;
    }
  }

  private async openWithin(address: Address, inbound: InboundLimit, signal: AbortSignal): Promise<BackendConnection> {
    const { agentVersion, clock, log } = this.options;
    const { tls, authentication } = (await this.options.renewCredentials?.()) ?? this.options;
    if (authentication !== undefined) keepSecret(authentication);
    const metadata = { 'agent-version': agentVersion, ...(authentication !== undefined && { authentication }) };
    const authority = formatAddress(address);
    const context = tls && secureContextOf(tls);
    const host = tls?.serverName ?? address.host;
    const [socket, session] = await this.bounded(signal, async (bound) => {
      const plain = await dial(address, CONNECT_MS, clock, this.idleGuard, bound);
      inbound.add(plain);
      const socket = context ? await upgradeToTls(plain, { host, context }, inbound, bound) : plain;
      return [
        socket,
        await openSession(socket, `${context ? 'https' : 'http'}://${authority}`, inbound.refuse, bound),
      ] as const;
    });
    const userAgent = `skyanchor/${agentVersion}`;
    const peer = { socket, host, authority, tls: context, userAgent };
    try {
      // The first call needs it: here `onLoadError` is told if it is missing.
      modules.protobuf();
      const channel = await this.bounded(signal, (bound) => openGrpcChannel(peer, this.idleGuard, log, inbound, bound));
      const parts = { socket, session, channel, metadata, inbound };
      const connection = new BackendConnection(authority, ++this.number, parts, clock);
      this.connections.add(connection);
      void connection.closed.then(() => this.connections.delete(connection));
      return connection;
    } catch (error) {
      // After the other side's goodbye the socket would stay open, and be read uncounted, for as long as that side likes.
      afterReading(() => {
        session.destroy();
        socket.destroy();
      });
      throw error;
    }
  }

  private adopt(connection: BackendConnection): BackendConnection {
    // Also if it is lost already, while the second connection was made.
    connection.closing.throwIfAborted();
    connection.closing.addEventListener('abort', () => this.onLost(connection));
    this.connection = connection;
    this.scheduleReplacement(connection);
    return connection;
  }

  private scheduleReplacement(connection: BackendConnection): void {
    const { clock, maxConnectionAgeMs } = this.options;
    if (maxConnectionAgeMs === undefined) return;
    const ageMs = maxConnectionAgeMs * (1 + AGE_JITTER * (2 * clock.random() - 1));
    const cancel = (): void => timer.cancel();
    const timer = clock.after(ageMs, () => {
      connection.closing.removeEventListener('abort', cancel);
      this.replacing = this.replace(connection).finally(() => (this.replacing = undefined));
    });
    connection.closing.addEventListener('abort', cancel);
  }

  /** The names are resolved anew and the address is picked anew. Whatever fails, the connection of now stays. */
  private async replace(old: BackendConnection): Promise<void> {
    const index = this.randomIndex();
    const address = this.addresses[index];
    const { signal } = this.closing;
    if (!address) return;
    let reason: string;
    let connection: BackendConnection | undefined;
    try {
      connection = await this.open(address, signal);
      const verdict = await this.verify(connection, signal);
      if (this.connection !== old) reason = 'the old one was lost meanwhile';
      else if (verdict.status !== 'ok') reason = verdict.reason;
      else {
        this.adopt(connection);
        this.next = index;
        old.replacedBy(connection.address);
        return;
      }
    } catch (error) {
      reason = errorMessage(error);
    }
    connection?.fail(reason);
    if (old.closing.aborted) return;
    this.options.log.info(`${formatAddress(address)}: not taken in place of ${old.address}: ${printable(reason)}`);
    this.scheduleReplacement(old);
  }

  private randomIndex(): number {
    return Math.floor(this.options.clock.random() * this.addresses.length);
  }

  private onLost(connection: BackendConnection): void {
    if (this.connection === connection) {
      this.connection = undefined;
      this.moveOn();
    }
    const reason = errorMessage(connection.closing.reason);
    this.options.log.debug(`${connection.address}: ${reason}`);
    for (const listener of this.listeners) {
      try {
        listener(reason);
      } catch (error) {
        this.options.log.error(`on disconnect: ${errorMessage(error)}`);
      }
    }
  }

  private moveOn(): void {
    this.next = (this.next + 1) % this.addresses.length;
  }

  private async bounded<T>(signal: AbortSignal, step: (bound: AbortSignal) => Promise<T>): Promise<T> {
    const bound = startDeadline(this.options.clock, CONNECT_MS, signal, this.closing.signal);
    try {
      bound.signal.throwIfAborted();
      return await step(bound.signal);
    } finally {
      bound.dispose();
    }
  }
}

/** As many connections may follow one another at once, as where a backend restarts … */
const BURST_OF_CONNECTIONS = 10;
/** … and in the long run one in this time, which is less than an attempt to connect may take. */
const CONNECTION_EACH_MS = 3_000;

/**
 * Bounds how often connections are made that do not last. A backend, or what stands before it, may answer some calls and
 * break the connection at another: each time all looks well for a moment, and every agent of a fleet would shake hands
 * again several times a second.
 */
export class ConnectionPace {
  /** When the connections made so far will have had their time. */
  private pastAt = 0;

  constructor(private readonly clock: Clock) {}

  /** Milliseconds until another may be made; 0: now. */
  waitMs(): number {
    const aheadMs = this.pastAt - this.clock.elapsed() - (BURST_OF_CONNECTIONS - 1) * CONNECTION_EACH_MS;
    return Math.max(0, Math.min(CONNECTION_EACH_MS, aheadMs));
  }

  /** One was made. */
  acquire(): void {
    this.pastAt = Math.max(this.pastAt, this.clock.elapsed()) + CONNECTION_EACH_MS;
  }
}
