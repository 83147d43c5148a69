import type { Meters } from '../api/agent';
import type { Status } from '../api/status';
import type { Clock, KeepAlive } from '../base/clock';
import { withTimeout } from '../base/deadline';
import type { LoadError } from '../base/lazy';
import type { Log } from '../base/log';
import { toIso } from '../base/time';
import { type Config, pinnedProtocol } from '../config/config';
import { CredentialFiles } from '../config/credentials';
import { showValue } from '../config/sources/settings';
import type { SegmentSpool } from '../export/ports';
import { Reporter } from '../export/reporter';
import type { Configuration } from '../model/registration';
import type { Segment } from '../model/segment';
import type { Meter } from '../model/telemetry';
import type { Backend } from '../protocol/backend';
import type { Registrar } from '../protocol/registration/registrar';
import { NO_EPOCH } from '../protocol/v2/sw6/propagator';
import { v3CarrierNames, v3InstanceName } from '../protocol/v3/names';
import type { Spool } from '../spool/spool';
import type { ProcessEnd } from '../telemetry/event-reporter';
import type { LogBuffer } from '../telemetry/log-buffer';
import type { IdGenerator } from '../tracing/id-generator';
import type { PropagationIdentity } from '../tracing/propagation/propagator';
import { late } from './lazy';
import { Telemetry } from './telemetry';
import { version } from './version';

interface BackendSessionOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly ids: IdGenerator;
  /** When the agent started. */
  readonly startedAt: number;
  isStopping(): boolean;
  /** The instance's name before `start`, where it is certain; throws a LoadError, which ends in no header. */
  unclaimedName(): string | undefined;
  /** A package that a connection needs cannot be loaded. */
  onLoadError(error: LoadError): void;
  /** What holds up a process that ends. */
  readonly keepAlive: KeepAlive;
  /** A segment came that may still be sent, and nothing holds the process up. */
  readonly onWork: () => void;
  /** No segment waits to be sent any more, or no backend is there to take one. */
  readonly onIdle: () => void;
  /** Segments were accepted, sent or dropped. */
  readonly onCounts: () => void;
  /** The backend has configured this service otherwise than before. */
  onConfiguration(configuration: Configuration): void;
}

/** What there is only once the instance's name is known. */
interface Started {
  readonly instanceName: string;
  readonly backend: Backend;
  readonly registrar: Registrar;
}

type UpstreamStatus = Pick<
  Status,
  | 'instance'
  | 'backend'
  | 'reconnects'
  | 'protocol'
  | 'registration'
  | 'heartbeat'
  | 'endpoints'
  | 'networkAddresses'
  | 'segments'
  | 'spool'
>;

/** What `initialState` of the registration says, which is not loaded before the application's first line. */
const FIRST_EPOCH = 1;
const FIRST_PHASE = { auto: 'unregistered', v2: 'unregistered', v3: 'connecting' } as const;
const NO_HEARTBEAT = { lastOkAt: null, failures: 0, lastError: null };
/**
 * Encoding what waits takes so long at most when the process ends: 4,000 segments take less than a tenth of it, but a
 * busy machine may give the process no second turn within less. What the disk gets is bounded in bytes.
 */
const LAST_SPILL_MS = 500;
const NO_NAMES = { known: 0, pending: 0, refused: 0 };

/**
 * What a backend has of the agent: the connection, the registration, the names we go by, segments, and what depends on
 * the protocol that it speaks. Before it is started, segments wait, and nothing else is there.
 */
export class BackendSession {
  readonly reporter: Reporter;
  private readonly telemetry: Telemetry;
  private started: Started | undefined;
  private hasFailed = false;
  private isWell = false;
  private isAnnounced = false;
  private hasTelemetry = false;
  private foundLibraries: readonly string[] = [];
  private spool: Spool | undefined;
  /** Handed to the spool, and not heard of again. */
  private spooled = 0;

  constructor(private readonly options: BackendSessionOptions) {
    const { config, clock, log } = options;
    this.telemetry = new Telemetry({ ...options, ownMeters: () => this.ownMeters() });
    this.reporter = new Reporter({
      clock,
      log,
      maxBuffer: config.maxBuffer,
      delivery: config.delivery,
      byName: () => late.spoolCodec().encodingByName,
      ...(config.spool && { spool: this.spoolPort() }),
      keepAlive: options.keepAlive,
      onWork: options.onWork,
      onIdle: options.onIdle,
      onCounts: options.onCounts,
    });
  }

  /** Those that the agent knows and that were loaded when a backend was told of them last; before that, at the start. */
  get libraries(): readonly string[] {
    return this.foundLibraries;
  }

  /** Empty until this process has claimed its name. */
  get instanceName(): string {
    return this.started?.instanceName ?? '';
  }

  /** For the headers between processes; nothing before the instance has its name. */
  carrierNames(): PropagationIdentity | undefined {
    return this.started ? this.started.registrar.carrierNames() : this.earlyCarrierNames();
  }

  /** That the ids in the carriers of other processes are of: none where they may be those of before a reset. */
  get carrierEpoch(): number {
    const { registrar } = this.started ?? {};
    if (!registrar) return FIRST_EPOCH;
    return registrar.mayOthersLag ? NO_EPOCH : registrar.state.epoch;
  }

  get isConnected(): boolean {
    return this.started?.backend.address !== undefined;
  }

  /** A backend is connected, or no attempt to reach one has failed since. */
  get mayReachBackend(): boolean {
    return this.isConnected || !this.hasFailed;
  }

  /** Something was traced that could still be sent. */
  get hasWork(): boolean {
    const { buffered, inFlight } = this.reporter.counters();
    return (buffered + inFlight > 0 && this.isConnected) || this.telemetry.hasLines;
  }

  /** Sends what waits. @returns whether all segments were sent, or counted as dropped */
  async flush(timeoutMs?: number): Promise<boolean> {
    const lines = withTimeout(this.telemetry.flushLines(), timeoutMs, this.options.clock, 'sending lines');
    const [isDone] = await Promise.all([this.reporter.flush(timeoutMs), lines.catch(() => undefined)]);
    return isDone;
  }

  /** Where lines of the application's log wait. Undefined: they are not to be sent. */
  get linesOfApplication(): LogBuffer | undefined {
    return this.telemetry.linesOfApplication;
  }

  /** Loads what `start` needs; throws a LoadError. */
  load(): void {
    late.libraries();
    late.backend();
    late.registrar();
    late.properties();
    if (this.options.config.spool) late.spooling();
  }

  /** Connects and registers, in the background. */
  start(instanceName: string): Registrar {
    const { config, clock, log } = this.options;
    const { serviceName } = config;
    this.findLibraries();
    const protocol = pinnedProtocol(config);
    const credentials = new CredentialFiles(config, log);
    const backend = late.backend().createBackend({
      addresses: config.backends,
      ...(config.tls && { tls: config.tls }),
      ...(config.authentication !== undefined && { authentication: config.authentication }),
      agentVersion: version,
      serviceName,
      v3Instance: v3InstanceName({ serviceName, instanceName }),
      renewCredentials: () => credentials.current(),
      ...(protocol && { protocol }),
      ...(config.maxConnectionAgeMs !== undefined && { maxConnectionAgeMs: config.maxConnectionAgeMs }),
      clock,
      log,
      names: () => this.started?.registrar.names(),
      confirmedOn: () => this.started?.registrar.connection ?? 0,
      onLoadError: (error) => this.options.onLoadError(error),
      onIdentityMismatch: (reason, epoch) => this.doubt(reason, epoch),
    });
    const { Registrar } = late.registrar();
    const { v2Properties, v3Properties } = late.properties();
    const leftOut = new Set<string>();
    const about = () => ({
      agentVersion: version,
      namespace: config.namespace,
      cluster: config.cluster,
      libraries: this.findLibraries(),
      more: config.instanceProperties,
      onLeftOut: ([name, value]: readonly [string, string]) => {
        if (leftOut.has(name)) return;
        leftOut.add(name);
        const reason = `the agent itself tells the backend its ${name}`;
        log.warn(`instanceProperties.${name} = ${showValue(value)} is ignored: ${reason}`);
      },
    });
    const registrar = new Registrar({
      api: backend.api,
      clock,
      log,
      serviceName,
      instanceName,
      v2Properties: () => v2Properties(instanceName, about()),
      v3Properties: () => v3Properties(about()),
      heartbeatMs: config.heartbeatMs,
      ...(protocol && { protocol }),
    });
    registrar.subscribe((event) => {
      if (event.type === 'configured') this.options.onConfiguration(event.configuration);
      else this.changed();
    });
    backend.onDisconnect(() => {
      registrar.disconnected();
      this.updateExport();
    });
    this.started = { instanceName, backend, registrar };
    this.startSpool(instanceName, backend);
    registrar.start();
    return registrar;
  }

  status(): UpstreamStatus {
    const { config } = this.options;
    const { lineCounts } = this.telemetry;
    const { instanceName, backend, registrar } = this.started ?? {};
    return {
      instance: instanceName ?? null,
      backend: backend?.address ?? null,
      reconnects: this.reconnects,
      protocol: registrar?.protocol ?? pinnedProtocol(config) ?? null,
      registration: registrar?.status() ?? this.notRegistered(),
      heartbeat: registrar?.heartbeatStatus() ?? NO_HEARTBEAT,
      endpoints: registrar?.endpoints.counts() ?? NO_NAMES,
      networkAddresses: registrar?.networkAddresses.counts() ?? NO_NAMES,
      segments: this.reporter.counters(),
      ...(this.spool && { spool: this.spool.status() }),
      ...(lineCounts && { applicationLogs: lineCounts }),
    };
  }

  /** The process ends now: writes what waits to the backend. @returns whether anything is on its way */
  flushSync(): boolean {
    // The answer is never read; on the disk it is certain.
    const isForSpool = this.spool !== undefined && this.options.config.delivery === 'at-least-once';
    return !isForSpool && this.reporter.flushSync();
  }

  /** The agent ends, but not the process: the backend hears of it. Settles within `ms`. */
  reportEnd(end: ProcessEnd, ms: number): Promise<void> {
    return this.telemetry.reportEnd(end, ms);
  }

  /** The process ends now: writes how to the backend, and waits for nothing. */
  reportEndSync(end: ProcessEnd): void {
    this.telemetry.reportEndSync(end);
  }

  /** The process ends now: writes what waits to the disk, where that is configured. */
  spoolSync(): void {
    if (!this.spool) return;
    this.reporter.spillSync(LAST_SPILL_MS);
    this.spool.flushSync();
  }

  async stop(): Promise<void> {
    await this.reporter.stop();
    await this.spool?.stop();
    await this.telemetry.stop();
    await this.started?.registrar.stop();
    await this.started?.backend.close();
  }

  /** What the reporter sees of the spool, also before that is there. */
  private spoolPort(): SegmentSpool {
    const spooled = (): number => this.spooled;
    return {
      get waiting() {
        return spooled();
      },
      append: (segment) => this.appendToSpool(segment),
      spillCount: (memory) => this.spool?.spillCount(memory) ?? 0,
    };
  }

  /** For the calls of the application's first tick: our names are known then. */
  private earlyCarrierNames(): PropagationIdentity | undefined {
    const { config, log } = this.options;
    const { serviceName } = config;
    if (this.options.isStopping()) return undefined;
    const instanceName = this.options.unclaimedName();
    return instanceName === undefined ? undefined : v3CarrierNames(v3InstanceName({ serviceName, instanceName }), log);
  }

  private appendToSpool(segment: Segment | Buffer): boolean {
    const result = this.spool?.append(segment) ?? 'full';
    if (result === 'full') return false;
    if (result === 'spooled') this.spooled++;
    else this.reporter.settle(1, result);
    return true;
  }

  private startSpool(instanceName: string, backend: Backend): void {
    const { config, clock, log } = this.options;
    if (!config.spool) return;
    this.spool = late.spooling().createSpool({
      config,
      spool: config.spool,
      clock,
      log,
      instanceName,
      backend,
      names: () => this.started?.registrar.names(),
      onResult: (count, result) => {
        this.spooled -= count;
        this.reporter.settle(count, result);
      },
    });
    this.spool.start();
  }

  private get reconnects(): number {
    return Math.max(0, (this.started?.registrar.connection ?? 0) - 1);
  }

  private get epoch(): number {
    return this.started?.registrar.state.epoch ?? FIRST_EPOCH;
  }

  /** Counts are from the start on. */
  private ownMeters(): readonly Meter[] {
    const { accepted, sent, inFlight, buffered, droppedBecause } = this.reporter.counters();
    const dropped = Object.entries(droppedBecause).map(([reason, value]) => ({
      name: 'skyanchor_segments_dropped',
      value,
      labels: [['reason', reason]] as const,
    }));
    return [
      { name: 'skyanchor_segments_accepted', value: accepted },
      { name: 'skyanchor_segments_sent', value: sent },
      { name: 'skyanchor_segments_in_flight', value: inFlight },
      { name: 'skyanchor_segments_buffered', value: buffered },
      { name: 'skyanchor_reconnects', value: this.reconnects },
      { name: 'skyanchor_resets', value: this.epoch - FIRST_EPOCH },
      ...dropped,
    ];
  }

  /** What the application counts and measures. */
  get applicationMeters(): Meters {
    return this.telemetry.ofApplication;
  }

  private notRegistered(): Status['registration'] {
    const { config, startedAt } = this.options;
    return {
      phase: FIRST_PHASE[config.protocol],
      epoch: FIRST_EPOCH,
      serviceId: null,
      instanceId: null,
      since: toIso(startedAt),
      reason: 'start',
      knownAs: null,
    };
  }

  private findLibraries(): readonly string[] {
    return (this.foundLibraries = late.libraries().loadedLibraries());
  }

  /** The first registration is logged at `info`, and one that ends a failure that was logged as a warning. */
  private logRegistration({ instanceName, backend, registrar }: Started): void {
    const { phase, serviceId, instanceId } = registrar.status();
    const idOf = (id: number | null): string => (id === null ? '' : ` (id ${id})`);
    const line = [
      `backend: ${phase}: ${backend.address ?? 'lost'}, protocol ${registrar.protocol ?? 'unknown'}`,
      `service ${this.options.config.serviceName}${idOf(serviceId)}`,
      `instance ${instanceName}${idOf(instanceId)}`,
      `skyanchor ${version}`,
    ].join(', ');
    const { log } = this.options;
    if (!log.over(registrar.failureKeys, line) && !this.isAnnounced) log.info(line);
    this.isAnnounced = true;
  }

  /** An answer about an earlier registration says nothing about the one of now. */
  private doubt(reason: string, epoch: number): void {
    const { registrar } = this.started ?? {};
    if (registrar?.state.epoch !== epoch) return;
    registrar.doubt(reason);
    this.updateExport();
  }

  /** Whatever ends or renews the trust in our names comes by here at once: nothing may be encoded with those of before. */
  private updateExport(): void {
    const { backend, registrar } = this.started ?? {};
    const current = registrar?.names();
    this.reporter.setReachable(this.mayReachBackend);
    this.reporter.use(current && backend?.segments.targetFor(current));
    if (current) this.spool?.wake();
  }

  private changed(): void {
    const { options, started, telemetry } = this;
    if (!started) return;
    const { backend, registrar } = started;
    const { state } = registrar;
    this.hasFailed = registrar.heartbeatStatus().failures > 0;
    if (!this.mayReachBackend) options.onIdle();
    if ('instanceId' in state) options.ids.setInstance(state.instanceId);
    this.updateExport();
    const isWell = registrar.isSound && !this.hasFailed;
    if (isWell && !this.isWell) this.logRegistration(started);
    this.isWell = isWell;
    const takesTelemetry = registrar.takesTelemetry && !options.isStopping();
    if (takesTelemetry) telemetry.connected(backend, registrar.connection);
    else if (this.hasTelemetry) telemetry.disconnected();
    this.hasTelemetry = takesTelemetry;
  }
}
