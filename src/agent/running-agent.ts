import { hostname } from 'node:os';
import { type Clock, systemClock } from '../base/clock';
import { Door } from '../base/door';
import { AgentError, messageOf } from '../base/errors';
import { holdOpen } from '../base/hold';
import { iso } from '../base/iso';
import { Log } from '../base/log';
import { retryable } from '../base/outcome';
import type { Config } from '../config/config';
import { enable } from '../instrument/index';
import type { MeterReporter } from '../meter/meter-reporter';
import type { Registrar, ResetResult } from '../registry/registrar';
import { v3InstanceName } from '../registry/v3-names';
import { Reporter } from '../report/reporter';
import { IdGenerator } from '../trace/id';
import type { Segment } from '../trace/segment';
import { Tracer } from '../trace/tracer';
import type { Backend } from '../wire/backend';
import type { Agent, CommandHandler, CommandOptions, TraceSpan } from './agent';
import { Commands } from './commands';
import { watchExit } from './exit';
import { late } from './late';
import { LiveSettings } from './live-settings';
import { LeftOutLog } from './left-out-log';
import { CurrentNames } from './names';
import type { Status } from './status';
import { withTimeout } from './timeout';
import { version } from './version';

const RESET_TIMEOUT_MS = 60_000;
/** Of the registration, until there is a registrar. */
const FIRST_EPOCH = 1;
/** A process that ends waits so long at most for what it has just traced. */
const LAST_FLUSH_MS = 1_000;

/** What there is only once the instance's name is known. */
interface Running {
  readonly instanceName: string;
  readonly backend: Backend;
  readonly registrar: Registrar;
  readonly names: CurrentNames;
}

/** The composition root: builds the rooms, joins them, and is what the application holds. */
export class RunningAgent implements Agent {
  private readonly log: Log;
  private readonly startedAt: number;
  private readonly ids: IdGenerator;
  private readonly reporter: Reporter;
  private readonly tracer: Tracer;
  private readonly commands: Commands;
  private readonly settings: LiveSettings;
  private readonly leftOut: LeftOutLog;
  private readonly door = new Door();
  private readonly disable: () => void;
  private readonly booted: Promise<Running>;
  private running: Running | undefined;
  private unwatchExit: (() => void) | undefined;
  private meters: MeterReporter | undefined;
  private stopping: Promise<void> | undefined;
  private stoppedAt: number | undefined;

  constructor(
    private readonly config: Config,
    private readonly onStopped: () => void = () => undefined,
    private readonly clock: Clock = systemClock,
  ) {
    const { sampleRate, maxBuffer } = config;
    const log = new Log(clock, config.logger, config.logLevel);
    this.log = log;
    this.startedAt = clock.now();
    this.ids = new IdGenerator(clock);
    this.reporter = new Reporter({
      api: {
        open: (signal) => this.running?.backend.segments.open(signal) ?? Promise.resolve(retryable('not started')),
        writeNow: (segments) => this.running?.backend.segments.writeNow(segments) ?? 0,
      },
      clock,
      log,
      maxBuffer,
      ready: () => this.running?.names.get() !== undefined,
      onIdle: () => this.door.close(),
    });
    this.leftOut = new LeftOutLog(log);
    this.tracer = new Tracer({
      clock,
      ids: this.ids,
      sampleRate,
      sink: (segment) => this.take(segment),
      names: () => this.running?.names.forCarriers(),
      epoch: () => this.running?.registrar.state.epoch ?? FIRST_EPOCH,
    });
    this.settings = new LiveSettings(config, this.tracer, log);
    this.commands = new Commands({
      config,
      clock,
      log,
      tracer: this.tracer,
      registrar: () => this.booted.then(({ registrar }) => registrar),
      status: () => this.status(),
    });
    this.disable = enable(this.tracer, this.settings);
    // Whatever is heavy or slow waits for the application's own first tick.
    this.booted = new Promise((resolve, reject) => {
      clock.after(0, () => void this.boot().then(resolve, reject));
    });
    this.booted.catch((error: unknown) => {
      if (!this.stopping) log.error(`could not start: ${messageOf(error)}`);
    });
  }

  async ready(timeoutMs?: number): Promise<Status> {
    const registered = this.booted.then(({ registrar }) => registrar.registered());
    await this.awaited(registered, timeoutMs, 'registering');
    return this.status();
  }

  status(): Status {
    const { config, running } = this;
    const heartbeat = running?.registrar.heartbeatStatus() ?? { lastOkAt: null, failures: 0, lastError: null };
    return {
      pid: process.pid,
      host: hostname(),
      startedAt: iso(this.startedAt),
      version,
      service: config.serviceName,
      instance: running?.instanceName ?? null,
      instanceNameFrom: config.instanceNameFrom,
      backend: running?.backend.address ?? null,
      protocol: running?.registrar.protocol ?? (config.protocol === 'auto' ? null : config.protocol),
      registration: this.registrationStatus(),
      heartbeat,
      endpoints: running?.registrar.endpoints.counts() ?? NO_NAMES,
      networkAddresses: running?.registrar.networkAddresses.counts() ?? NO_NAMES,
      segments: this.reporter.counters(),
      settings: this.settings.status(),
      commands: this.commands.status(),
    };
  }

  reset(): Promise<ResetResult> {
    const result = this.booted.then(({ registrar }) => registrar.reset('api'));
    return this.awaited(result, RESET_TIMEOUT_MS, 'the reset');
  }

  flush(timeoutMs?: number): Promise<boolean> {
    return holdOpen(this.reporter.flush(timeoutMs));
  }

  stop(): Promise<void> {
    this.stopping ??= holdOpen(this.shutDown());
    return this.stopping;
  }

  onCommand(verb: string, handler: CommandHandler, options?: CommandOptions): () => void {
    return this.commands.onCommand(verb, handler, options);
  }

  trace<T>(name: string, fn: (span: TraceSpan) => T): T {
    return this.tracer.trace(name, fn);
  }

  currentTraceId(): string | undefined {
    return this.tracer.currentTraceId();
  }

  getCorrelation(key: string): string | undefined {
    return this.tracer.correlation(key);
  }

  setCorrelation(key: string, value: string): boolean {
    return this.tracer.correlate(key, value);
  }

  warn(message: string): void {
    this.log.warn(message);
  }

  /** A promise that the application awaits, and so may hold the process up. */
  private awaited<T>(promise: Promise<T>, timeoutMs: number | undefined, what: string): Promise<T> {
    return holdOpen(withTimeout(promise, timeoutMs, this.clock, what));
  }

  private async boot(): Promise<Running> {
    const { config, clock, log } = this;
    this.throwIfStopped();
    const instanceName = await this.commands.claimName();
    this.throwIfStopped();
    const protocol = config.protocol === 'auto' ? {} : { protocol: config.protocol };
    const backend = late.backend().createBackend({
      addresses: config.backends,
      ...(config.tls && { tls: config.tls }),
      ...(config.authentication !== undefined && { authentication: config.authentication }),
      agentVersion: version,
      serviceName: config.serviceName,
      v3Instance: v3InstanceName({ serviceName: config.serviceName, instanceName }),
      ...protocol,
      clock,
      log,
      names: () => this.running?.names.get(),
      onDoubt: (reason) => this.running?.registrar.doubt(reason),
    });
    const { Registrar } = late.registrar();
    const registrar = new Registrar({
      api: backend.registry,
      clock,
      log,
      serviceName: config.serviceName,
      instanceName,
      properties: late.properties().v2Properties(instanceName),
      v3Properties: late.properties().v3Properties(),
      heartbeatMs: config.heartbeatMs,
      ...protocol,
      onChange: () => this.changed(),
      onConfiguration: (configuration) => {
        this.settings.take(configuration);
        this.commands.statusChanged();
      },
    });
    backend.onDisconnect(() => registrar.disconnected());
    this.running = {
      instanceName,
      backend,
      registrar,
      names: new CurrentNames(registrar, log),
    };
    registrar.start();
    this.commands.start(instanceName);
    return this.running;
  }

  private throwIfStopped(): void {
    if (this.stopping) throw new AgentError('STOPPED', 'the agent was stopped');
  }

  private take(segment: Segment): void {
    this.reporter.add(segment);
    if (this.tracer.hasLeftOut) this.leftOut.say(this.tracer.leftOut);
    if (this.stopping || this.running?.backend.address === undefined) return;
    // What is traced can be sent: from here on a process that ends owes it a moment.
    this.door.openFor(LAST_FLUSH_MS);
    this.unwatchExit ??= watchExit({
      hasWork: () => this.hasWork(),
      flush: () => this.reporter.flush(LAST_FLUSH_MS),
      sendLast: () => this.reporter.sendLast(),
      silentListeners: (signal) => this.commands.silentListeners(signal),
    });
  }

  private hasWork(): boolean {
    const { buffered, inFlight } = this.reporter.counters();
    return buffered + inFlight > 0 && this.running?.backend.address !== undefined;
  }

  private changed(): void {
    const { state } = this.running?.registrar ?? {};
    if (state?.phase === 'registered') this.ids.setInstance(state.instanceId);
    if (this.running?.registrar.isSound) this.reporter.wake();
    this.meterIfWanted(state?.phase === 'connected');
    this.commands.statusChanged();
  }

  /** Only v3 has a service for meters; what they need is loaded when one is connected. */
  private meterIfWanted(isWanted: boolean): void {
    const { clock, config, log, running } = this;
    if (!isWanted || !running || this.stopping) {
      this.meters?.disconnected();
    } else if (config.meters) {
      this.meters ??= new (late.meterReporter().MeterReporter)({
        api: running.backend.meters,
        clock,
        log,
        sampler: () => new (late.processSampler().ProcessSampler)(),
      });
      this.meters.connected(running.registrar.connection);
    }
  }

  private registrationStatus(): Status['registration'] {
    const now = this.running?.registrar.status() ?? {
      phase: this.config.protocol === 'v3' ? 'connecting' : 'unregistered',
      epoch: 1,
      serviceId: null,
      instanceId: null,
      since: iso(this.startedAt),
      reason: 'start',
      knownAs: null,
    };
    if (this.stoppedAt === undefined) return now;
    return { ...now, phase: 'stopped', serviceId: null, instanceId: null, knownAs: null, since: iso(this.stoppedAt) };
  }

  private async shutDown(): Promise<void> {
    this.disable();
    if (this.hasWork()) await this.reporter.flush(LAST_FLUSH_MS);
    this.stoppedAt = this.clock.now();
    this.door.close();
    this.unwatchExit?.();
    try {
      await this.commands.stop();
      await this.reporter.stop();
      await this.meters?.stop();
      await this.running?.registrar.stop();
      await this.running?.backend.close();
    } catch (error) {
      this.log.error(`while stopping: ${messageOf(error)}`);
    }
    this.onStopped();
  }
}

const NO_NAMES = { known: 0, pending: 0, refused: 0 };
