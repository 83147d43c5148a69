import path from 'node:path';
import type { Status } from '../../../src/api/status';
import { assertAccounted } from '../../support/accounting';
import { REGISTER, startApp, type App } from '../../support/app';
import { until } from '../../support/until';
import type { Cluster, ClusterNode } from '../oap';

const TELLER = path.join(__dirname, '..', '..', '..', 'fixtures', 'apps', 'teller.js');
/** Agents wait five seconds at most between two attempts; a node needs some to come back. */
export const PATIENCE = { timeoutMs: 120_000, everyMs: 50 };
const PER_SECOND = 25;
/**
 * A genuine node loses what it has said OK to in its last moments before it is gone; one that is ended by SIGTERM takes segments
 * until then. And a segment waits half a second before it is sent. So a trace that was asked for so long before a node was gone
 * may be missing, though the agent was told that it is there.
 */
const LAST_MOMENTS_MS = 1_000;
/** A storage that has taken no row for so long has all that will come. */
const QUIET_MS = 3_000;

export interface PairOptions {
  /** Default: every node, for both. */
  readonly backends?: Readonly<Record<Role, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

type Role = 'front' | 'orders';
export type Both = Readonly<Record<Role, Status>>;

/** What the storage shows of the traces that were asked for since the storage was last emptied. */
export interface Stored {
  readonly asked: number;
  /** Traces with a segment of each of the two services. */
  readonly whole: number;
  /** Traces that were not asked for: a callee that did not join its caller's. */
  readonly split: number;
  /** Segments of this traffic. */
  readonly segments: number;
  /** Batches with a segment that was there already. */
  readonly doubles: number;
  /** When each trace was asked for that is not whole. */
  readonly lostAt: readonly number[];
  /** How many of them were asked for when nothing excuses it. */
  readonly unexplained: number;
}

export function startTeller(
  name: string,
  backends: string,
  env: Readonly<Record<string, string>> = {},
  other?: string,
): App {
  return startApp(TELLER, {
    nodeFlags: ['--require', REGISTER],
    args: other === undefined ? [] : [other],
    env: {
      SW_AGENT_NAME: name,
      SW_AGENT_INSTANCE_NAME: `${name}-1`,
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: backends,
      SW_AGENT_IGNORE_PATH: '/status',
      SW_AGENT_HEARTBEAT_MS: '2000',
      ...env,
    },
  });
}

export async function statusOf(app: App): Promise<Status> {
  const response = await fetch(`http://127.0.0.1:${await app.port()}/status`);
  const status = (await response.json()) as Status;
  assertAccounted(status.segments);
  return status;
}

export const isKnown = ({ registration: { phase } }: Status): boolean =>
  phase === 'registered' || phase === 'connected';

export const becomesKnown = (app: App): Promise<Status> => until(() => statusOf(app), isKnown, PATIENCE);

/** `front` asks `orders`, both with the agent in them, 25 times a second. */
export class Pair {
  /** Trace ids of the visits, in the order they were answered, with the time they were asked at. */
  private readonly visits: { readonly id: string; readonly at: number }[] = [];
  /** When a node was gone. */
  private readonly goneAt: number[] = [];
  /** How often nodes were ended, one or several at once. */
  private ends = 0;
  private emptiedAt = 0;
  private open = 0;
  private timer: NodeJS.Timeout | undefined;
  private fault: unknown;

  private constructor(
    readonly cluster: Cluster,
    readonly front: App,
    readonly orders: App,
    /** Traces of earlier tests. */
    private readonly others: ReadonlySet<string>,
    /** Those of earlier tests. */
    private readonly doublesBefore: number,
  ) {}

  static async start(cluster: Cluster, { backends, env }: PairOptions = {}): Promise<Pair> {
    const all = cluster.addresses.join(',');
    const others = new Set((await cluster.segments()).map(({ traceId }) => traceId));
    const orders = startTeller('orders', backends?.orders ?? all, env);
    const address = `http://127.0.0.1:${await orders.port()}`;
    const front = startTeller('front', backends?.front ?? all, env, address);
    const pair = new Pair(cluster, front, orders, others, cluster.doubles());
    await pair.known();
    return pair;
  }

  get apps(): readonly App[] {
    return [this.front, this.orders];
  }

  async known(): Promise<Both> {
    return { front: await becomesKnown(this.front), orders: await becomesKnown(this.orders) };
  }

  async statuses(): Promise<Both> {
    const [front, orders] = await Promise.all([statusOf(this.front), statusOf(this.orders)]);
    return { front, orders };
  }

  /** Traffic begins, and has settled: the callee's ids are known to the caller and the other way round. */
  async begin(): Promise<void> {
    const port = await this.front.port();
    const visit = async (): Promise<void> => {
      const at = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/`);
      this.visits.push({ id: await response.text(), at });
    };
    this.timer = setInterval(() => {
      this.open++;
      visit()
        .catch((error: unknown) => (this.fault ??= error))
        .finally(() => this.open--);
    }, 1_000 / PER_SECOND);
    await this.visited(PER_SECOND);
  }

  /** Resolves when that number of further requests was answered. */
  visited(more: number): Promise<void> {
    return this.visitedInAll(this.visits.length + more);
  }

  async visitedInAll(wanted: number): Promise<void> {
    await until(() => this.visits.length >= wanted || this.fault !== undefined, Boolean, PATIENCE);
    expect(this.fault).toBeUndefined();
  }

  /** Ends nodes; by SIGTERM, or by SIGKILL. */
  async end(nodes: readonly ClusterNode[], how: 'stop' | 'kill' = 'stop'): Promise<void> {
    this.ends++;
    const end = async (node: ClusterNode): Promise<void> => {
      await node[how]();
      this.goneAt.push(performance.now());
    };
    await Promise.all(nodes.map(end));
  }

  /** Every node is killed and the storage emptied; what was asked for before counts no more. */
  async wipe(): Promise<void> {
    await this.end(this.cluster.nodes, 'kill');
    this.emptiedAt = performance.now();
    await this.cluster.empty();
  }

  /** The last trace that was answered. */
  get lastTrace(): string {
    return this.visits.at(-1)!.id;
  }

  /** No more traffic, and each agent has told the fate of every segment. */
  async settled(): Promise<Both> {
    clearInterval(this.timer);
    await until(() => this.open === 0, Boolean, PATIENCE);
    expect(this.fault).toBeUndefined();
    const isSettled = ({ segments: { accepted, sent, dropped } }: Status): boolean =>
      accepted === this.visits.length && sent + dropped === accepted;
    return until(
      () => this.statuses(),
      ({ front, orders }) => isSettled(front) && isSettled(orders),
      PATIENCE,
    );
  }

  /** What the storage shows once all is there, or nothing comes any more. */
  async stored(): Promise<Stored> {
    let last = await this.look();
    let since = performance.now();
    const isComplete = ({ asked, whole, segments }: Stored): boolean => whole === asked && segments === 2 * asked;
    const looks = async (): Promise<Stored> => {
      const now = await this.look();
      if (now.segments !== last.segments) since = performance.now();
      return (last = now);
    };
    return until(looks, (now) => isComplete(now) || performance.now() - since > QUIET_MS, PATIENCE);
  }

  private async look(): Promise<Stored> {
    const servicesOf = new Map<string, string[]>();
    const ids = new Set<string>();
    for (const { traceId, segmentId, service } of await this.cluster.segments()) {
      if (this.others.has(traceId) || ids.has(segmentId)) continue;
      ids.add(segmentId);
      servicesOf.set(traceId, [...(servicesOf.get(traceId) ?? []), service]);
    }
    const known = new Set(this.visits.map(({ id }) => id));
    const asked = this.visits.filter(({ at }) => at >= this.emptiedAt);
    const isWhole = (id: string): boolean => new Set(servicesOf.get(id)).size === 2;
    const isExplained = (at: number): boolean => this.goneAt.some((gone) => gone - LAST_MOMENTS_MS < at && at < gone);
    const lostAt = asked.filter(({ id }) => !isWhole(id)).map(({ at }) => at);
    return {
      asked: asked.length,
      whole: asked.length - lostAt.length,
      split: [...servicesOf.keys()].filter((id) => !known.has(id)).length,
      segments: ids.size,
      doubles: this.cluster.doubles() - this.doublesBefore,
      lostAt,
      unexplained: lostAt.filter((at) => !isExplained(at)).length,
    };
  }

  /**
   * No trace is split, and each that is not whole is counted as dropped, or a node took it with its last words.
   * `mayGiveUp`: the storage was emptied, and what was encoded with the ids of before may have been given up.
   */
  expectKept(stored: Stored, { front, orders }: Both, { mayGiveUp = false } = {}): void {
    expect(stored.split).toBe(0);
    const dropped = front.segments.dropped + orders.segments.dropped;
    if (!mayGiveUp) expect(dropped).toBe(0);
    for (const { segments } of [front, orders]) expect(segments.sent + segments.dropped).toBe(segments.accepted);
    expect(stored.unexplained).toBeLessThanOrEqual(dropped);
    // What was on its way to a node that ended may be stored and not answered.
    expect(stored.doubles).toBeLessThanOrEqual(2 * PER_SECOND * this.ends);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([this.front.kill(), this.orders.kill()]);
  }
}

/** A line with the figures of a run, for docs/faults.md. */
export function printFigures(what: string, stored: Stored, { front, orders }: Both, more = ''): void {
  const dropped = front.segments.dropped + orders.segments.dropped;
  const accepted = front.segments.accepted + orders.segments.accepted;
  process.stdout.write(
    `${what}: ${stored.asked} traces asked, ${stored.whole} whole, ${stored.split} split; ` +
      `${accepted} segments accepted, ${dropped} dropped, ${stored.segments} stored, ${stored.doubles} doubles${more} ` +
      `${JSON.stringify([front.segments.droppedBecause, orders.segments.droppedBecause])}\n`,
  );
}
