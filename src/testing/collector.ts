import { AgentError, type Fault } from '../api/errors';
import { keepAliveWhile } from '../base/clock';
import { Cluster } from './cluster/cluster';
import { Faults } from './faults';
import { HttpLists } from './http-lists';
import { Lists } from './lists';
import type { CollectorOptions } from './options';
import { BACKEND_PROTOCOLS, type BackendProtocol } from './protocol';
import { Recorder } from './record/recorder';
import { type ResolvedOptions, resolveOptions } from './resolve-options';
import { DirectoryStore } from './store/directory-store';
import { MemoryStore, type Store } from './store/store';
import { Configurations } from './v3/configurations';
import { Inventory } from './v3/inventory';

/**
 * The embedded backend: a genuine gRPC server that behaves as OAP 6.x does, or as OAP 8 to 10, and lists what it has
 * seen. Its lists are synchronous, plain JSON, and copies: they do not change afterwards.
 *
 * It keeps the process up until it is stopped.
 */
export class Collector extends Lists {
  /** What is to go wrong, by script. */
  readonly faults: Faults;
  private readonly store: Store;
  private readonly configurations: Configurations;
  private page: HttpLists | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  private constructor(options: ResolvedOptions) {
    const { storage, clock, maxRecords, maxNames } = options;
    const faults = new Faults();
    const recorder = new Recorder(clock, maxRecords, maxNames);
    const store = storage === 'memory' ? new MemoryStore() : new DirectoryStore(storage);
    const inventory = new Inventory(maxNames);
    const configurations = new Configurations();
    super(new Cluster({ ...options, store, inventory, configurations, faults, recorder }), recorder, inventory);
    this.faults = faults;
    this.store = store;
    this.configurations = configurations;
  }

  /** Not for tests: `startCollector` is. */
  static async start(options: ResolvedOptions): Promise<Collector> {
    const collector = new Collector(options);
    await collector.cluster.begin();
    if (options.httpPort === undefined) return collector;
    try {
      collector.page = await HttpLists.open(options.httpPort, () => collector.lists());
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

  /**
   * As if the storage had been cleared and the backend restarted: connections break, ports stay, every list but
   * `calls()` is empty, ids start at 2 again; that of either protocol. Resolves when all nodes answer.
   *
   * @param whileDown what to do in between, while no node answers
   */
  wipe(whileDown?: () => Promise<unknown>): Promise<void> {
    return this.inTurn(async () => {
      await this.cluster.down();
      this.cluster.forget();
      this.recorder.wiped();
      this.inventory.clear();
      await this.store.clear();
      await this.comeBack(whileDown);
    });
  }

  /**
   * As if the storage had been emptied under running nodes: nothing breaks, ids start at 2 again, and each node goes on
   * answering from its caches until it is started again. v3: what the nodes knew is not written again until then.
   */
  emptyStorage(): Promise<void> {
    return this.inTurn(async () => {
      await this.store.clear();
      await this.cluster.outlive();
      this.inventory.outlive();
    });
  }

  /**
   * As if the backend had been restarted: connections break, ports and storage stay. Resolves when all nodes answer.
   *
   * @param whileDown what to do in between, while no node answers
   */
  restart(whileDown?: () => Promise<unknown>): Promise<void> {
    return this.inTurn(async () => {
      await this.cluster.down();
      await this.comeBack(whileDown);
    });
  }

  /**
   * As if the backend had been replaced by one of another age: connections break, ports stay, and what comes up speaks
   * `protocol`. v2 and v3 have a storage each, and find theirs as it was. What was shown and counted stays.
   *
   * @param whileDown what to do in between, while no node answers
   */
  become(protocol: BackendProtocol, whileDown?: () => Promise<unknown>): Promise<void> {
    if (!BACKEND_PROTOCOLS.includes(protocol)) throw AgentError.ofFaults([unknownProtocol(protocol)]);
    return this.inTurn(async () => {
      await this.cluster.down();
      this.cluster.protocol = protocol;
      await this.comeBack(whileDown);
    });
  }

  /**
   * v3: how agents of this service are to behave, such as `{'agent.sample_rate': '0.5'}`; undefined: as they like. Those
   * that ask by `fetchConfigurations` are told at the next question. Stays over `wipe`, `restart` and `become`.
   */
  configure(service: string, values: Readonly<Record<string, string>> | undefined): void {
    this.configurations.set(service, values);
  }

  /** Nodes that start from now on ask for this token, those that run for that of before; undefined: for none. */
  requireToken(token: string | undefined): void {
    this.cluster.token = token;
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
    this.stopping ??= keepAliveWhile(
      this.turn.then(async () => {
        await this.cluster.down();
        await this.page?.close();
      }),
    );
    return this.stopping;
  }

  /** Up again, even if what was to happen meanwhile has failed. */
  private async comeBack(whileDown: (() => Promise<unknown>) | undefined): Promise<void> {
    this.inventory.forgetCaches();
    try {
      await whileDown?.();
    } finally {
      await this.cluster.up();
    }
  }

  private lists(): Readonly<Record<string, unknown>> {
    const { address, addresses, protocol } = this;
    return {
      ...{ address, addresses, protocol, counts: this.counts() },
      nodes: this.nodes(),
      services: this.services(),
      instances: this.instances(),
      endpoints: this.endpoints(),
      networkAddresses: this.networkAddresses(),
      heartbeats: this.heartbeats(),
      segments: this.segments(),
      droppedSegments: this.droppedSegments(),
      traces: this.traces(),
      meters: this.meters(),
      logs: this.logs(),
      events: this.events(),
    };
  }

  /** One thing after the other. */
  private inTurn(step: () => Promise<void>): Promise<void> {
    if (this.stopping) return Promise.reject(new AgentError('STOPPED', 'this collector was stopped'));
    const result = this.turn.then(step);
    this.turn = result.catch(() => undefined);
    return keepAliveWhile(result);
  }
}

function unknownProtocol(value: string): Fault {
  return { name: 'protocol', value, source: 'become()', expected: `one of ${BACKEND_PROTOCOLS.join(', ')}` };
}

/**
 * Starts a backend inside this process, for tests and for trying things out. Resolves when every node listens.
 *
 *     const collector = await startCollector();
 *     // … an agent with backends: collector.address …
 *     collector.segments();
 *     await collector.stop();
 *
 * Rejects with AgentError `INVALID_CONFIGURATION`, which names every option that is wrong, or with the reason why a port
 * or the storage cannot be had.
 */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  return keepAliveWhile(Collector.start(resolveOptions(options)));
}
