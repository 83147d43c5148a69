import { AgentError } from '../base/errors';
import { holdOpen } from '../base/hold';
import { Cluster } from './cluster/cluster';
import { Faults } from './faults';
import { ListsPage } from './lists-page';
import type { CallRecord, Method } from './record/call';
import type { HeartbeatRecord } from './record/heartbeat';
import { type Counts, Recorder } from './record/recorder';
import type { EndpointEntry, InstanceEntry, NetworkAddressEntry, ServiceEntry } from './record/rows';
import type { DroppedSegmentRecord, SegmentRecord, TraceRecord } from './record/segment';
import { tracesOf } from './record/traces-of';
import { Listing } from './registry/listing';
import type { ResolvedOptions } from './resolve-options';
import { DirectoryStore } from './store/directory-store';
import { MemoryStore } from './store/memory-store';
import type { Store } from './store/store';

/**
 * The embedded backend: a genuine gRPC server that behaves as OAP 6.x does, and tells what it has seen. Its lists are
 * synchronous, plain JSON, and copies: they do not change afterwards.
 *
 * It keeps the process up until it is stopped.
 */
export class Collector {
  /** What is to go wrong, by script. */
  readonly faults: Faults;
  readonly protocol: 'v2';
  private readonly recorder: Recorder;
  private readonly store: Store;
  private readonly cluster: Cluster;
  private page: ListsPage | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  private constructor(options: ResolvedOptions) {
    const { protocol, storage, clock, maxRecords } = options;
    this.faults = new Faults();
    this.protocol = protocol;
    this.recorder = new Recorder(clock, maxRecords);
    this.store = storage === 'memory' ? new MemoryStore() : new DirectoryStore(storage);
    this.cluster = new Cluster({ ...options, store: this.store, faults: this.faults, recorder: this.recorder });
  }

  /** Not for tests: `startCollector` is. */
  static async start(options: ResolvedOptions): Promise<Collector> {
    const collector = new Collector(options);
    await collector.cluster.begin();
    if (options.httpPort === undefined) return collector;
    try {
      collector.page = await ListsPage.open(options.httpPort, () => collector.lists());
    } catch (error) {
      await collector.cluster.down();
      throw error;
    }
    return collector;
  }

  /** `host:port` of the first node: what an agent takes as its backend. Stays the same over `wipe` and `restart`. */
  get address(): string {
    return this.addresses[0] ?? '';
  }

  /** `host:port` of every node, in the order of their numbers. */
  get addresses(): readonly string[] {
    return this.cluster.addresses;
  }

  /** `host:port` of the page with the lists; undefined without `httpPort`. */
  get httpAddress(): string | undefined {
    return this.page?.address;
  }

  /** `host:port` of the node that removes what has expired: the first of the sorted list. Undefined while none lives. */
  get keeper(): string | undefined {
    return this.cluster.keeper;
  }

  /** Those that agents registered; not those that stand for network addresses. */
  services(): ServiceEntry[] {
    return this.listing.services();
  }

  /** Those that agents registered; not those that stand for network addresses. */
  instances(): InstanceEntry[] {
    return this.listing.instances((id) => this.recorder.heartbeatAt(id));
  }

  /** Names of entry spans. Those of exit and local spans, and what was registered `from=client`, are not listed. */
  endpoints(): EndpointEntry[] {
    return this.listing.endpoints();
  }

  networkAddresses(): NetworkAddressEntry[] {
    return this.listing.networkAddresses();
  }

  /** Every `doPing` since the last wipe, in the order of arrival. */
  heartbeats(): HeartbeatRecord[] {
    return this.recorder.heartbeats();
  }

  /** Every segment that the backend shows, since the last wipe, in the order it was shown. */
  segments(): SegmentRecord[] {
    return this.recorder.segments();
  }

  /** Every segment since the last wipe that was answered OK and dropped, with the reason. */
  droppedSegments(): DroppedSegmentRecord[] {
    return this.recorder.droppedSegments();
  }

  /** `segments()` put together by their trace. */
  traces(): TraceRecord[] {
    return tracesOf(this.recorder.segments());
  }

  /** Every call since the start, in the order of arrival; a wipe leaves them. @param method only calls of this one */
  calls(method?: Method): CallRecord[] {
    return this.recorder.calls(method);
  }

  /** How much each bounded list has seen, and how much of it was forgotten. */
  counts(): Counts {
    return this.recorder.counts();
  }

  /**
   * As if the storage had been cleared and the backend restarted: connections break, ports stay, every list but
   * `calls()` is empty, ids start at 2 again. Resolves when all nodes answer.
   *
   * @param whileDown what to do in between, while nobody answers
   */
  wipe(whileDown?: () => Promise<unknown>): Promise<void> {
    return this.inTurn(async () => {
      await this.cluster.down();
      this.cluster.forget();
      this.recorder.wiped();
      await this.store.clear();
      await this.comeBack(whileDown);
    });
  }

  /**
   * As if the backend had been restarted: connections break, ports and storage stay. Resolves when all nodes answer.
   *
   * @param whileDown what to do in between, while nobody answers
   */
  restart(whileDown?: () => Promise<unknown>): Promise<void> {
    return this.inTurn(async () => {
      await this.cluster.down();
      await this.comeBack(whileDown);
    });
  }

  /** One node is lost: its connections break, its port is free. @param node counted from 0 */
  stopNode(node: number): Promise<void> {
    return this.inTurn(() => this.cluster.stopNode(node));
  }

  /** It comes back, on its port. @param node counted from 0 */
  startNode(node: number): Promise<void> {
    return this.inTurn(() => this.cluster.startNode(node));
  }

  /** Breaks all connections and frees all ports; the lists stay readable. Never rejects, twice is once. */
  stop(): Promise<void> {
    this.stopping ??= holdOpen(
      this.turn.then(async () => {
        await this.cluster.down();
        await this.page?.close();
      }),
    );
    return this.stopping;
  }

  /** Up again, even if what was to happen meanwhile has failed. */
  private async comeBack(whileDown: (() => Promise<unknown>) | undefined): Promise<void> {
    try {
      await whileDown?.();
    } finally {
      await this.cluster.up();
    }
  }

  private get listing(): Listing {
    return new Listing(this.cluster.ledger);
  }

  private lists(): object {
    const { address, addresses, protocol } = this;
    return {
      ...{ address, addresses, protocol, counts: this.counts() },
      services: this.services(),
      instances: this.instances(),
      endpoints: this.endpoints(),
      networkAddresses: this.networkAddresses(),
      heartbeats: this.heartbeats(),
      segments: this.segments(),
      droppedSegments: this.droppedSegments(),
      traces: this.traces(),
    };
  }

  /** One thing after the other. */
  private inTurn(step: () => Promise<void>): Promise<void> {
    if (this.stopping) return Promise.reject(new AgentError('STOPPED', 'this collector was stopped'));
    const result = this.turn.then(step);
    this.turn = result.catch(() => undefined);
    return holdOpen(result);
  }
}
