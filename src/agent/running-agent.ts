import { hostname } from 'node:os';
import type {
  Agent,
  CommandHandler,
  CommandOptions,
  LogContext,
  Meters,
  ResetResult,
  SetHeader,
  TraceCarrier,
  TraceSpan,
} from '../api/agent';
import { AgentError } from '../api/errors';
import { INSTRUMENTATIONS } from '../api/options';
import type { InstrumentationStatus, RegistrationStatus, Status } from '../api/status';
import { type Clock, KeepAlive, keepAliveWhile, systemClock } from '../base/clock';
import { withTimeout } from '../base/deadline';
import { LoadError } from '../base/lazy';
import { Log } from '../base/log';
import { errorMessage } from '../base/text';
import { toIso } from '../base/time';
import type { Config } from '../config/config';
import { Instrumentations } from '../instrument/index';
import type { Registrar } from '../protocol/registration/registrar';
import { V2Propagator } from '../protocol/v2/sw6/propagator';
import { V3Propagator } from '../protocol/v3/sw8/propagator';
import { currentTrace } from '../tracing/current-trace';
import { IdGenerator } from '../tracing/id-generator';
import { assertFunction, logContextOf, manualSpans } from '../tracing/manual/manual-spans';
import { Tracer } from '../tracing/tracer';
import { ApplicationLog } from './application-log';
import { BackendSession } from './backend-session';
import { Commands } from './commands';
import { librariesLoadedBefore } from './diagnosis/blind-spots';
import { DynamicSettings } from './dynamic-settings';
import { ExitFlush } from './exit/exit-flush';
import { OpenTelemetry } from './open-telemetry';
import { version } from './version';

const RESET_TIMEOUT_MS = 60_000;
/** After all descriptors were in use. */
const LOAD_AGAIN_MS = 1_000;
const LOADING = 'loading';

interface RunningAgentOptions {
  /** An agent of this process that is stopping: until this settles it has the name, the files and the signals. */
  readonly previous?: Promise<void>;
  /** The application has called `stop()`; `stopped` settles when that is done, and never rejects. */
  readonly onStop?: (stopped: Promise<void>) => void;
  readonly clock?: Clock;
}

/** The composition root: builds the parts, joins them, and is what the application holds. */
export class RunningAgent implements Agent {
  private readonly log: Log;
  private readonly startedAt: number;
  private readonly startedAfterMs = Math.round(process.uptime() * 1_000);
  private readonly loadedBefore = librariesLoadedBefore();
  private readonly session: BackendSession;
  private readonly ending: ExitFlush;
  /** For `skyanchor/compat`. */
  readonly tracer: Tracer;
  private readonly commands: Commands;
  private readonly settings: DynamicSettings;
  private readonly instrumented: Instrumentations;
  private readonly openTelemetry: OpenTelemetry;
  private readonly applicationLog: ApplicationLog;
  private readonly booted: Promise<Registrar>;
  private readonly previous: RunningAgentOptions['previous'];
  private readonly onStop: RunningAgentOptions['onStop'];
  private readonly clock: Clock;
  private stopping: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private stoppedAt: number | undefined;

  constructor(
    private readonly config: Config,
    { previous, onStop, clock = systemClock }: RunningAgentOptions = {},
  ) {
    this.previous = previous;
    this.onStop = onStop;
    this.clock = clock;
    const log = new Log(clock, config.logger, config.logLevel);
    this.log = log;
    for (const warning of config.warnings) log.warn(warning);
    this.startedAt = clock.now();
    const ids = new IdGenerator(clock);
    const keepAlive = new KeepAlive();
    const ending = new ExitFlush({
      session: () => this.session,
      keepAlive,
      finishSegments: () => this.tracer.sendLingering(),
      failActive: (error, isLast) => this.tracer.failActive(error, isLast),
      silentListeners: (signal) => this.commands.ignoredListeners(signal),
      ...(previous && { previous }),
    });
    this.ending = ending;
    const session = new BackendSession({
      config,
      clock,
      log,
      ids,
      startedAt: this.startedAt,
      isStopping: () => this.stopping !== undefined,
      unclaimedName: () => this.commands.unclaimedName,
      onLoadError: (error) => void this.giveUp(error),
      keepAlive,
      onWork: ending.arm,
      onIdle: ending.disarm,
      onCounts: () => this.commands.countsChanged(),
      onConfiguration: (configuration) => this.settings.apply(configuration),
    });
    this.session = session;
    // What waits goes to the disk at exit, whether a backend was ever there or not; and lines may be written without traces.
    if (config.spool || config.applicationLogs) ending.watch();
    this.tracer = new Tracer({
      clock,
      ids,
      sampleRate: config.sampleRate,
      sampling: config.sampling,
      keep: config.keep,
      cluster: config.cluster,
      sink: session.reporter.add.bind(session.reporter),
      log,
      propagators: { v3: new V3Propagator(clock), v2: new V2Propagator(ids, () => session.carrierEpoch) },
      names: () => session.carrierNames(),
      ignoredExceptions: config.ignoredExceptions,
      propagateTo: config.propagateTo,
      onLingering: () => {
        if (!this.stopping) ending.watch();
      },
      doNotPropagateTo: config.doNotPropagateTo,
      propagateUnsampled: config.propagateUnsampled,
    });
    this.settings = new DynamicSettings(config, this.tracer, log);
    this.commands = new Commands({
      config,
      clock,
      log,
      tracer: this.tracer,
      setSampleRate: (rate) => this.settings.setSampleRate(rate),
      instrumentations: () => this.instrumented,
      status: () => this.status(),
    });
    this.instrumented = new Instrumentations(this.tracer, this.settings);
    this.openTelemetry = new OpenTelemetry(config, this.tracer, this.settings);
    this.applicationLog = new ApplicationLog({
      config,
      log,
      isBridgeWanted: this.openTelemetry.isWanted,
      instanceName: () => session.instanceName,
      lines: () => session.linesOfApplication,
    });
    // Whatever is heavy or slow waits for the application's own first tick.
    this.booted = new Promise((resolve, reject) => {
      clock.after(0, () => void this.boot().then(resolve, (error: unknown) => reject(this.giveUp(error))));
    });
    // `ready()` and `reset()` hand it on; without a listener Node would end the process.
    this.booted.catch(() => undefined);
  }

  async ready(timeoutMs?: number): Promise<Status> {
    const registered = this.booted.then((registrar) => registrar.registered());
    await this.awaited(registered, millisecondsOf(timeoutMs), 'registering');
    return this.status();
  }

  status(): Status {
    const { config, stoppedAt } = this;
    const { instance, ...status } = this.session.status();
    return {
      pid: process.pid,
      host: hostname(),
      startedAt: toIso(this.startedAt),
      version,
      service: config.serviceName,
      instance,
      instanceNameFrom: config.instanceNameFrom,
      ...status,
      ...(stoppedAt !== undefined && { registration: ended(status.registration, stoppedAt) }),
      settings: this.settings.status(),
      instrumentations: this.instrumentations(),
      openTelemetry: this.openTelemetry.status(),
      commands: this.commands.status(),
    };
  }

  reset(): Promise<ResetResult> {
    const result = this.booted.then((registrar) => registrar.reset('api'));
    return this.awaited(result, RESET_TIMEOUT_MS, 'the reset');
  }

  flush(timeoutMs?: number): Promise<boolean> {
    return keepAliveWhile(this.session.flush(millisecondsOf(timeoutMs)));
  }

  stop(): Promise<void> {
    if (!this.stopped) {
      this.stopped = keepAliveWhile(this.shutDown().then(() => this.previous));
      this.onStop?.(this.stopped);
    }
    return this.stopped;
  }

  onCommand(verb: string, handler: CommandHandler, options?: CommandOptions): () => void {
    return this.commands.onCommand(verb, handler, options);
  }

  get meter(): Meters {
    return this.session.applicationMeters;
  }

  trace<T>(name: string, fn: (span: TraceSpan) => T): T {
    assertFunction(fn, 'trace(name, fn)');
    return this.tracer.trace(name, fn);
  }

  currentTraceId(): string | undefined {
    return currentTrace.id();
  }

  currentSpan(): TraceSpan | undefined {
    return manualSpans.current(this.tracer);
  }

  entry<T>(name: string, carrier: TraceCarrier | undefined, fn: (span: TraceSpan) => T): T {
    assertFunction(fn, 'entry(name, carrier, fn)');
    return manualSpans.entry(this.tracer, name, carrier, fn);
  }

  exit<T>(name: string, peer: string, fn: (span: TraceSpan, inject: (set: SetHeader) => void) => T): T {
    assertFunction(fn, 'exit(name, peer, fn)');
    return manualSpans.exit(this.tracer, name, peer, fn);
  }

  bind<F extends (...args: never[]) => unknown>(fn: F): F {
    return manualSpans.bind(fn);
  }

  logContext(): LogContext | undefined {
    const span = this.currentSpan();
    return span && logContextOf(span, this.config.serviceName, this.session.instanceName);
  }

  correlateLogs(): void {
    this.applicationLog.correlate();
  }

  getCorrelation(key: string): string | undefined {
    return currentTrace.correlation(key);
  }

  setCorrelation(key: string, value: string): boolean {
    return currentTrace.correlate(key, value);
  }

  warn(message: string): void {
    this.log.warn(message);
  }

  private instrumentations(): InstrumentationStatus {
    const { instrumented } = this;
    return {
      active: INSTRUMENTATIONS.filter((name) => instrumented.isEnabled(name)),
      off: INSTRUMENTATIONS.filter((name) => !instrumented.isEnabled(name)),
      loadedBefore: this.loadedBefore,
      libraries: this.session.libraries,
      startedAfterMs: this.startedAfterMs,
    };
  }

  /** A promise that the application awaits, and so may hold the process up. */
  private awaited<T>(promise: Promise<T>, timeoutMs: number | undefined, what: string): Promise<T> {
    return keepAliveWhile(withTimeout(promise, timeoutMs, this.clock, what));
  }

  private async boot(): Promise<Registrar> {
    await this.previous;
    this.throwIfStopped();
    while (!this.isLoaded()) {
      await new Promise<void>((resolve) => this.clock.after(LOAD_AGAIN_MS, resolve));
      this.throwIfStopped();
    }
    const instanceName = await this.commands.claimName();
    this.throwIfStopped();
    this.log.over([LOADING], 'the agent starts');
    this.log.info(startLine(this.config, this.instrumentations()));
    const registrar = this.session.start(instanceName);
    this.commands.start(instanceName, registrar);
    return registrar;
  }

  /** An application may open all that it can at its start. Throws where trying again would not help. */
  private isLoaded(): boolean {
    try {
      this.commands.load();
      this.session.load();
      return true;
    } catch (error) {
      if (!(error instanceof LoadError) || error.isLasting) throw error;
      this.log.warn(`the agent cannot start yet: ${error.message}`, LOADING);
      return false;
    }
  }

  private throwIfStopped(): void {
    if (this.stopping) throw new AgentError('STOPPED', 'the agent was stopped');
  }

  /** Without what it needs the agent cannot work: the application runs on untraced. */
  private giveUp(error: unknown): AgentError {
    if (error instanceof AgentError) return error;
    if (!this.stopping) this.log.error(`the application runs untraced: ${errorMessage(error)}`);
    // What fails from here on fails for the same reason.
    this.log.setLevel('off');
    void this.shutDown();
    return new AgentError('STOPPED', `the agent could not start: ${errorMessage(error)}`);
  }

  private shutDown(): Promise<void> {
    return (this.stopping ??= this.close());
  }

  private async close(): Promise<void> {
    this.applicationLog.stop();
    this.openTelemetry.stop();
    this.instrumented.disableAll();
    this.tracer.sendLingering();
    await this.ending.flush();
    this.stoppedAt = this.clock.now();
    this.ending.stop();
    try {
      await this.commands.stop();
      await this.session.stop();
    } catch (error) {
      this.log.error(`while stopping: ${errorMessage(error)}`);
    }
  }
}

/** A program without types may pass anything: what is no number counts as absent. */
function millisecondsOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof ms === 'number' && !Number.isNaN(ms) ? ms : undefined;
}

/** What `skyanchor doctor` looks at first. */
function startLine(config: Config, { off, loadedBefore, startedAfterMs }: InstrumentationStatus): string {
  const { serviceName, backends, protocol, tls, authentication, sampleRate, commandFile } = config;
  return [
    `started ${startedAfterMs} ms after the process: skyanchor ${version}, Node.js ${process.version}`,
    `service ${serviceName}`,
    `backends ${backends.map(({ host, port }) => `${host}:${port}`).join(' ')}`,
    `protocol ${protocol}, TLS ${tls ? 'on' : 'off'}, token ${authentication === undefined ? 'none' : 'set'}`,
    `sample rate ${sampleRate}`,
    `switched off ${off.join(' ') || 'nothing'}, loaded before ${loadedBefore.join(' ') || 'nothing'}`,
    `command file ${commandFile ?? 'none'}`,
  ].join(', ');
}

function ended(registration: RegistrationStatus, at: number): RegistrationStatus {
  return { ...registration, phase: 'stopped', serviceId: null, instanceId: null, knownAs: null, since: toIso(at) };
}
