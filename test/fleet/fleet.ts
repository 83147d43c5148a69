import { Log } from '../../src/base/log';
import { createBackend, type Backend } from '../../src/protocol/backend';
import { Registrar } from '../../src/protocol/registration/registrar';
import { v3InstanceName } from '../../src/protocol/v3/names';
import type { Address } from '../../src/transport/backend-options';
import { FakeNetwork } from './fake-network';
import { FleetClock } from './fleet-clock';
import { SimulatedBackend, type BackendOptions } from './simulated-backend';
import { Traffic } from './traffic';

export interface FleetOptions extends Partial<BackendOptions> {
  readonly agents: number;
  readonly seed: number;
  readonly maxConnectionAgeMs?: number;
}

/** Instances of one service. */
const INSTANCES = 50;
/** Within this time all agents start. */
const ROLLOUT_MS = 30_000;
const STEP_MS = 100;
/** For how long a fleet is waited for. */
const PATIENCE_MS = 3_600_000;
/** For how long what comes after a recovery is looked at: all that an agent does now and then has come once. */
const AFTERWARDS_MS = { v2: 30_000, v3: 60_000 };
const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** How a fleet came back. Rates are calls a second at all nodes together, peaks those of the busiest second. */
export interface Recovery {
  /** Milliseconds from the moment at which the backend answers again, or a node of several has stopped. */
  readonly half: number;
  readonly most: number;
  readonly all: number;
  readonly connects: number;
  readonly peakConnects: number;
  readonly registrations: number;
  readonly peakRegistrations: number;
  readonly meanRegistrations: number;
  readonly peakCalls: number;
  /** Agents at each node, when all are back. */
  readonly spread: readonly number[];
  /** In the time after all are back. */
  readonly peakAfterwards: number;
  readonly meanAfterwards: number;
}

/** One agent: the registration and the transport as the agent's session puts them together, and nothing else of it. */
class FleetAgent {
  readonly registrar: Registrar;
  readonly backend: Backend;
  readonly name: string;

  constructor(clock: FleetClock, addresses: readonly Address[], index: number, maxConnectionAgeMs: number | undefined) {
    const serviceName = `service-${Math.floor(index / INSTANCES)}`;
    const instanceName = `${serviceName}-${index % INSTANCES}`;
    this.name = `${serviceName} ${instanceName}`;
    const log = new Log(clock, quiet);
    const names = { serviceName, instanceName };
    this.backend = createBackend({
      addresses,
      agentVersion: '0.0.0',
      serviceName,
      v3Instance: v3InstanceName(names),
      ...(maxConnectionAgeMs !== undefined && { maxConnectionAgeMs }),
      clock,
      log,
      names: () => this.registrar.names(),
      confirmedOn: () => this.registrar.connection,
      onLoadError: (error) => {
        throw error;
      },
      onIdentityMismatch: (reason) => this.registrar.doubt(reason),
    });
    this.registrar = new Registrar({
      api: this.backend.api,
      clock,
      log,
      ...names,
      v2Properties: () => [['language', 'nodejs']],
      v3Properties: () => [['language', 'nodejs']],
      heartbeatMs: undefined,
    });
    this.backend.onDisconnect(() => this.registrar.disconnected());
  }

  async stop(): Promise<void> {
    await this.registrar.stop();
    await this.backend.close();
  }
}

/** Many agents, a backend of several nodes, and a clock that only this moves. */
export class Fleet {
  readonly clock: FleetClock;
  readonly traffic = new Traffic();
  readonly backend: SimulatedBackend;
  readonly agents: readonly FleetAgent[];
  private readonly protocol: 'v2' | 'v3';
  private readonly uninstall: () => void;

  private constructor({ agents, seed, maxConnectionAgeMs, protocol = 'v2', ...options }: FleetOptions) {
    this.protocol = protocol;
    this.clock = new FleetClock(seed);
    const defaults = { protocol, nodes: 3, callsPerSecond: 5_000, idsPerSecond: 5_000 };
    this.backend = new SimulatedBackend(this.clock, { ...defaults, ...options }, this.traffic);
    this.uninstall = new FakeNetwork(this.clock, this.backend.byAddress).install();
    const addresses = this.backend.nodes.map(({ address }) => {
      const [host = '', port] = address.split(':');
      return { host, port: Number(port) };
    });
    this.agents = Array.from(
      { length: agents },
      (_, index) => new FleetAgent(this.clock, addresses, index, maxConnectionAgeMs),
    );
  }

  /** All agents have started, one after the other within 30 s, and are known. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    await fleet.backend.start();
    for (const { registrar } of fleet.agents)
      fleet.clock.after(fleet.clock.between(0, ROLLOUT_MS), () => registrar.start());
    await fleet.clock.advance(ROLLOUT_MS);
    await fleet.back(() => true);
    return fleet;
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.agents.map((agent) => agent.stop()));
    await this.clock.advance(0);
    await stopped;
    this.uninstall();
  }

  /** The storage is lost with all nodes; they are back, and empty, after a while. */
  async wipe(downMs: number): Promise<Recovery> {
    const before = this.epochs();
    await this.backend.outage(downMs, () => this.backend.empty());
    return this.recovery((agent) => this.protocol === 'v3' || agent.registrar.state.epoch > (before.get(agent) ?? 0));
  }

  /** All nodes are away for a while, and have kept their storage. */
  async outage(downMs: number): Promise<Recovery> {
    await this.backend.outage(downMs);
    return this.recovery(() => true);
  }

  /** One node after the other is away for a while. @returns how the fleet came back after each had gone */
  async rollingRestart(downMs: number, pauseMs: number): Promise<readonly Recovery[]> {
    const recoveries: Recovery[] = [];
    for (const node of this.backend.nodes) {
      await node.stop();
      recoveries.push(await this.recovery(() => true, downMs));
      await node.start();
      await this.clock.advance(pauseMs);
    }
    return recoveries;
  }

  /** How many agents each node has; an agent has two connections. */
  spread(): readonly number[] {
    return this.backend.nodes.map(({ sockets }) => sockets.size / 2);
  }

  /** Who goes by an id, or is told of under a name, that the storage does not have for it. */
  async misidentified(): Promise<readonly string[]> {
    const known = await this.backend.instances();
    return this.agents
      .filter(({ name, registrar: { state } }) => known.get(name) !== ('instanceId' in state ? state.instanceId : 0))
      .map(({ name }) => name);
  }

  private epochs(): ReadonlyMap<FleetAgent, number> {
    return new Map(this.agents.map((agent) => [agent, agent.registrar.state.epoch]));
  }

  private async recovery(
    isNew: (agent: FleetAgent) => boolean,
    afterwardsMs = AFTERWARDS_MS[this.protocol],
  ): Promise<Recovery> {
    const { clock, traffic } = this;
    const from = clock.elapsed();
    const { half, most, all } = await this.back(isNew);
    const to = clock.elapsed();
    const spread = this.spread();
    await clock.advance(afterwardsMs);
    const after = clock.elapsed();
    const registrations = traffic.registrations.count(from, to);
    return {
      half: half - from,
      most: most - from,
      all: all - from,
      connects: traffic.connects.count(from, to),
      peakConnects: traffic.connects.peak(from, to),
      registrations,
      peakRegistrations: traffic.registrations.peak(from, to),
      meanRegistrations: Math.round((1_000 * registrations) / (to - from)),
      spread,
      peakCalls: traffic.calls.peak(from, to),
      peakAfterwards: traffic.calls.peak(to, after),
      meanAfterwards: Math.round((1_000 * traffic.calls.count(to, after)) / (after - to)),
    };
  }

  /** When half of the agents, 99 of 100, and all were back. */
  private async back(isNew: (agent: FleetAgent) => boolean): Promise<{ half: number; most: number; all: number }> {
    const { agents, clock } = this;
    const found = { half: 0, most: 0, all: 0 };
    const start = clock.elapsed();
    for (;;) {
      await clock.advance(STEP_MS);
      const count = agents.filter((agent) => agent.registrar.isSound && isNew(agent)).length;
      if (count >= agents.length / 2) found.half ||= clock.elapsed();
      if (count >= agents.length * 0.99) found.most ||= clock.elapsed();
      if (count === agents.length) return { ...found, all: clock.elapsed() };
      if (clock.elapsed() - start > PATIENCE_MS) throw new Error(`only ${count} of ${agents.length} agents are back`);
    }
  }
}
