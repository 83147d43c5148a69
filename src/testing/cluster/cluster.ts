import { systemClock } from '../../base/clock';
import { Node } from './node';
import type { NodeOptions } from './node-options';
import type { BackendProtocol, NodeRole } from '../protocol';
import { RowTable } from '../registry/id-table';
import type { IncomingSegment } from '../v2/wire-segment';
import { HOST } from '../server/listener';
import { Keeper, keeperOf } from './keeper';

const FROM = 20_000;
const COUNT = 10_000;
const TRIES = 20;

/**
 * Opens something on a free port between 20000 and 29999. Unlike those that port 0 gives, no outgoing connection can
 * take one of these while the server that owns it is being started again.
 */
async function listenOnFreePort<T>(open: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(FROM + Math.floor(systemClock.random() * COUNT));
    } catch (error) {
      if (tries >= TRIES) throw error;
    }
  }
}

const EVERY_MS = 50;
const PATIENCE_MS = 5_000;

/** Listens again on a port that was ours a moment ago. Another process may hold it briefly; then this waits. */
async function relisten<T>(port: number, open: (port: number) => Promise<T>): Promise<T> {
  const deadline = systemClock.elapsed() + PATIENCE_MS;
  for (;;) {
    try {
      return await open(port);
    } catch (error) {
      if (systemClock.elapsed() >= deadline) throw error;
      await new Promise<void>((resolve) => systemClock.after(EVERY_MS, resolve));
    }
  }
}

interface ClusterOptions extends Omit<NodeOptions, 'node' | 'hasRegistrar' | 'role'> {
  readonly nodes: number;
  readonly roles: readonly NodeRole[];
  /** 0: any. */
  readonly port: number;
  readonly ttlMs: number | undefined;
  readonly sessionMs: number;
}

/** A node's place: its port stays its own while it is down. */
interface Seat {
  readonly index: number;
  readonly role: NodeRole;
  port: number;
  node: Node | undefined;
  keeper: Keeper | undefined;
  /** What the node knew when it last spoke v2 and went down. */
  rows: RowTable;
  waiting: readonly IncomingSegment[];
}

/** A node, and what it does for the others. */
export interface NodeEntry {
  /** `host:port` */
  readonly address: string;
  readonly role: NodeRole;
  readonly isUp: boolean;
  /** v2. New names get their ids from it: it is the first of the sorted list. */
  readonly givesIds: boolean;
  /** It is the first of the sorted list, and there is a lifetime. */
  readonly deletesOldData: boolean;
}

/** The nodes on one storage. */
export class Cluster {
  /** What the nodes speak that start from now on. */
  protocol: BackendProtocol;
  /** What the nodes ask for that start from now on; undefined: nothing. */
  token: string | undefined;
  private readonly seats: readonly Seat[];
  /** The first node of the sorted list, where it has died and is believed in. */
  private believedIn: { readonly address: string; readonly until: number } | undefined;

  constructor(private readonly options: ClusterOptions) {
    const { nodes, port, protocol, roles, token } = options;
    this.protocol = protocol;
    this.token = token;
    this.seats = Array.from({ length: nodes }, (_, index) => ({
      index,
      role: roles[index] ?? 'mixed',
      port: port === 0 ? 0 : port + index,
      node: undefined,
      keeper: undefined,
      rows: new RowTable(),
      waiting: [],
    }));
  }

  /** All nodes, those that are down included, in the order of their numbers. */
  get addresses(): readonly string[] {
    return this.seats.map(addressOf);
  }

  /** Who looks after what has expired; undefined while no node lives. */
  get keeper(): string | undefined {
    return keeperOf(this.members());
  }

  /** Who does what now, in the order of the nodes' numbers. */
  get duties(): readonly NodeEntry[] {
    const { keeper } = this;
    const hasKeeper = this.options.ttlMs !== undefined;
    return this.seats.map((seat) => {
      const isFirst = addressOf(seat) === keeper;
      return {
        address: addressOf(seat),
        role: seat.role,
        isUp: seat.node !== undefined,
        givesIds: isFirst && this.protocol === 'v2' && this.hasRegistrar(),
        deletesOldData: isFirst && hasKeeper,
      };
    });
  }

  /** For v2: from the node that has seen most. */
  get rows(): RowTable {
    return this.seats
      .map(({ node, rows }) => node?.rows ?? rows)
      .reduce((best, rows) => (rows.version > best.version ? rows : best));
  }

  /** The first start: ports that are asked for have to be free. */
  async begin(): Promise<void> {
    await this.options.store.open();
    await this.whole((seat) =>
      this.seatNode(seat, (open) => (seat.port === 0 ? listenOnFreePort(open) : open(seat.port))),
    );
  }

  /** Every node that is down comes up on its port. */
  async up(): Promise<void> {
    await this.options.store.open();
    await this.whole((seat) => this.startNode(seat.index));
  }

  async down(): Promise<void> {
    await Promise.all(this.seats.map(({ index }) => this.stopNode(index)));
  }

  async startNode(index: number): Promise<void> {
    const seat = this.seat(index);
    if (!seat.node) await this.seatNode(seat, (open) => relisten(seat.port, open));
  }

  async stopNode(index: number): Promise<void> {
    const seat = this.seat(index);
    const { node, keeper } = seat;
    seat.node = undefined;
    seat.keeper = undefined;
    await keeper?.stop();
    if (!node) return;
    const address = addressOf(seat);
    if (seat.role !== 'receiver' && keeperOf([...this.members(), address]) === address)
      this.believedIn = { address, until: this.options.clock.elapsed() + this.options.sessionMs };
    seat.waiting = await node.stop();
    seat.rows = node.rows ?? seat.rows;
  }

  /** The storage was emptied. Nodes that run go on with what they know, and those that start begin with nothing. */
  async outlive(): Promise<void> {
    await this.options.store.open();
    for (const seat of this.seats) {
      await seat.node?.outlive();
      seat.rows = new RowTable();
    }
  }

  /** What the nodes knew and had in their waiting rooms is gone with the storage. */
  forget(): void {
    for (const seat of this.seats) {
      seat.rows = new RowTable();
      seat.waiting = [];
    }
  }

  private async seatNode(seat: Seat, onPort: (open: (port: number) => Promise<Node>) => Promise<Node>): Promise<void> {
    const { ttlMs, clock, logger, recorder } = this.options;
    const hasRegistrar = (): boolean => this.hasRegistrar();
    const options = {
      ...this.options,
      protocol: this.protocol,
      token: this.token,
      node: seat.index,
      role: seat.role,
      hasRegistrar,
    };
    const node = await onPort((port) => Node.start(port, options, seat.waiting));
    seat.node = node;
    seat.port = node.port;
    if (this.believedIn?.address === addressOf(seat)) this.believedIn = undefined;
    seat.waiting = [];
    if (ttlMs === undefined || seat.role === 'receiver') return;
    seat.keeper = new Keeper({
      address: addressOf(seat),
      ttlMs,
      clock,
      logger,
      members: () => this.members(),
      expire: (ageMs) => recorder.expire(ageMs),
    });
    seat.keeper.start();
  }

  /** All or none. */
  private async whole(start: (seat: Seat) => Promise<void>): Promise<void> {
    const starts = await Promise.allSettled(this.seats.map(start));
    const failed = starts.find((result) => result.status === 'rejected');
    if (!failed) return;
    await this.down();
    throw failed.reason;
  }

  private hasRegistrar(): boolean {
    if (this.members().length === 0) return false;
    return this.believedIn === undefined || this.options.clock.elapsed() >= this.believedIn.until;
  }

  /** Receivers are in no list of the cluster: they send on what they have received. */
  private members(): readonly string[] {
    return this.seats.filter(({ node, role }) => node && role !== 'receiver').map(addressOf);
  }

  private seat(index: number): Seat {
    const seat = this.seats[index];
    if (!seat) throw new RangeError(`there is no node ${index}, only 0 to ${this.seats.length - 1}`);
    return seat;
  }
}

function addressOf({ port }: { readonly port: number }): string {
  return `${HOST}:${port}`;
}
