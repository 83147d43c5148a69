import { status } from '@grpc/grpc-js';
import type { Clock } from '../../src/base/clock';
import type { NodeOptions } from '../../src/testing/cluster/node-options';
import { V2Backend } from '../../src/testing/v2/v2-backend';
import { NodeRecorder } from '../../src/testing/record/node-recorder';
import { Recorder } from '../../src/testing/record/recorder';
import { Faults } from '../../src/testing/faults';
import { decodeMessage, encodeMessage } from '../../src/testing/server/codec';
import type { Handle, Route } from '../../src/testing/server/methods';
import { routesOf } from '../../src/testing/server/schema';
import { MemoryStore } from '../../src/testing/store/store';
import { Configurations } from '../../src/testing/v3/configurations';
import { Inventory } from '../../src/testing/v3/inventory';
import { v3Methods } from '../../src/testing/v3/v3-methods';
import type { Answer, FakeSocket } from './fake-network';
import type { FleetClock } from './fleet-clock';
import type { Traffic } from './traffic';

export interface BackendOptions {
  readonly protocol: 'v2' | 'v3';
  readonly nodes: number;
  /** What one node takes; what comes faster waits its turn. */
  readonly callsPerSecond: number;
  /** v2. New ids that the storage gives out. */
  readonly idsPerSecond: number;
}

/** A genuine OAP 6.5 gives an id 0.1-0.5 s after the first question. */
const ID_DELAY_MS = 200;
const MAX_NAMES = 1_000_000;
const MAX_RECORDS = 10;
const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** The embedded backend's own nodes, behind a network without sockets. */
export class SimulatedBackend {
  readonly nodes: readonly SimulatedNode[];
  readonly byAddress: ReadonlyMap<string, SimulatedNode>;
  readonly store = new MemoryStore();
  private readonly shared: Omit<NodeOptions, 'node'>;
  private readonly inventory = new Inventory(MAX_NAMES);

  constructor(
    private readonly clock: FleetClock,
    options: BackendOptions,
    traffic: Traffic,
  ) {
    this.shared = {
      protocol: options.protocol,
      role: 'mixed',
      store: this.store,
      inventory: this.inventory,
      configurations: new Configurations(),
      clock: withSlowIds(clock, options.idsPerSecond),
      logger: quiet,
      faults: new Faults(),
      recorder: new Recorder(clock, MAX_RECORDS, MAX_NAMES),
      token: undefined,
      tls: undefined,
      oap: '6.5',
      idDelayMs: ID_DELAY_MS,
      deafMs: 0,
      hasRegistrar: () => true,
      nameWaitMs: 5_000,
      nameRetryMs: 500,
      maxRecords: MAX_RECORDS,
      maxNames: MAX_NAMES,
      checkHeartbeatName: false,
    };
    this.nodes = Array.from(
      { length: options.nodes },
      (_, node) => new SimulatedNode(clock, { ...this.shared, node }, options.callsPerSecond, traffic),
    );
    this.byAddress = new Map(this.nodes.map((node) => [node.address, node]));
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.start();
  }

  /** Every node is lost at one moment, and back after a while. */
  async outage(ms: number, whileDown: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (const node of this.nodes) await node.stop();
    await whileDown();
    await this.clock.advance(ms);
    await this.start();
  }

  async empty(): Promise<void> {
    this.inventory.clear();
    await this.store.clear();
  }

  /** `service instance` of each instance, with its id; v3: those that were told of with their properties, and 0. */
  async instances(): Promise<ReadonlyMap<string, number>> {
    if (this.shared.protocol === 'v3') {
      const told = this.inventory.instances(() => null).filter(({ properties }) => properties.length > 0);
      return new Map(told.map(({ service, uuid }) => [`${service} ${uuid}`, 0]));
    }
    const rows = (await this.store.read(0)).flat();
    const services = new Map(rows.filter(({ kind }) => kind === 'service').map(({ id, name }) => [id, name]));
    return new Map(
      rows.flatMap((row) =>
        row.kind === 'instance' && row.uuid !== ''
          ? [[`${services.get(row.serviceId) ?? ''} ${row.uuid}`, row.id] as const]
          : [],
      ),
    );
  }
}

/** The timers of a registry are those of new ids: each waits for its turn. */
function withSlowIds(clock: Clock, idsPerSecond: number): Clock {
  let freeAt = 0;
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    random: () => clock.random(),
    after: (ms, fn) => {
      freeAt = Math.max(freeAt + 1_000 / idsPerSecond, clock.elapsed() + ms);
      return clock.after(freeAt - clock.elapsed(), fn);
    },
  };
}

/** One node: it takes calls one after the other, at a pace. */
export class SimulatedNode {
  readonly address: string;
  readonly sockets = new Set<FakeSocket>();
  isUp = false;
  /** The line to it swallows everything. */
  isMute = false;
  /** How long it takes for an answer, beside its turn. */
  delayMs = 0;
  private readonly routes: ReadonlyMap<string, Route>;
  private handles: Partial<Record<string, Handle>> = {};
  private v2: V2Backend | undefined;
  private freeAt = 0;

  constructor(
    private readonly clock: FleetClock,
    private readonly options: NodeOptions,
    private readonly callsPerSecond: number,
    private readonly traffic: Traffic,
  ) {
    this.address = `10.0.0.${options.node + 1}:11800`;
    this.routes = new Map(routesOf(options.protocol).map((route) => [route.path, route]));
  }

  async start(): Promise<void> {
    const { options } = this;
    const nodeRecorder = new NodeRecorder(options.recorder, options.node);
    this.v2 = options.protocol === 'v2' ? await V2Backend.open(nodeRecorder, options) : undefined;
    this.handles = (this.v2?.methods ?? v3Methods({ ...options, nodeRecorder })).unary;
    this.freeAt = this.clock.elapsed();
    this.isUp = true;
  }

  async stop(): Promise<void> {
    this.isUp = false;
    for (const socket of [...this.sockets]) socket.destroy();
    await this.v2?.leave();
    await this.v2?.stop();
  }

  accept(socket: FakeSocket): boolean {
    this.traffic.connects.add(this.clock.elapsed());
    if (this.isUp) this.sockets.add(socket);
    return this.isUp;
  }

  release(socket: FakeSocket): void {
    this.sockets.delete(socket);
  }

  async call(path: string, request: Buffer): Promise<Answer> {
    const route = this.routes.get(path);
    const handle = route && this.handles[route.method];
    this.traffic.call(this.clock.elapsed(), path, handle !== undefined);
    if (!handle) return { code: status.UNIMPLEMENTED, bytes: Buffer.alloc(0) };
    const now = this.clock.elapsed();
    this.freeAt = Math.max(this.freeAt, now) + 1_000 / this.callsPerSecond;
    await new Promise<void>((resolve) => {
      if (!this.isMute) this.clock.after(this.freeAt - now + this.delayMs, resolve);
    });
    const value = await handle(decodeMessage(route.request, request));
    if (!value) return { code: status.UNKNOWN, bytes: Buffer.alloc(0) };
    return { code: status.OK, bytes: encodeMessage(route.response, value) };
  }
}
