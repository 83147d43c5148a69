import type { Meters } from '../api/agent';
import type { Status } from '../api/status';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { LoadError } from '../base/lazy';
import { errorMessage } from '../base/text';
import { type Config, mayTakeTelemetry } from '../config/config';
import type { EventReporter, ProcessEnd } from '../telemetry/event-reporter';
import type { LogBuffer } from '../telemetry/log-buffer';
import type { LogReporter } from '../telemetry/log-reporter';
import type { ApplicationMeters } from '../telemetry/application-meters';
import type { Meter } from '../model/telemetry';
import type { MeterReporter, RuntimeSampler } from '../telemetry/meter-reporter';
import type { Backend } from '../protocol/backend';
import { late } from './lazy';
import { noMeters } from './noop-agent';
import { version } from './version';

interface TelemetryOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** What the agent has done itself. */
  ownMeters(): readonly Meter[];
  /** When the agent started. */
  readonly startedAt: number;
}

/** Those who look for a line of a log look for it now. */
const APPLICATION_PERIOD_MS = 2_000;

/** What only a v3 backend takes, beside the segments; what is needed for it is loaded when one is connected. */
export class Telemetry {
  private meters: MeterReporter | undefined;
  private lines: LogBuffer | undefined;
  private logs: LogReporter | undefined;
  private events: EventReporter | undefined;
  private applicationLines: LogBuffer | undefined;
  private applicationLogs: LogReporter | undefined;
  private application: ApplicationMeters | undefined;
  /** Their code is missing: to look for it again would cost each access. */
  private lacksMeters = false;

  /** From here on it keeps what the log says. */
  constructor(private readonly options: TelemetryOptions) {
    const { config, log } = options;
    if (config.logs && mayTakeTelemetry(config)) log.onEntry((level, line) => this.logLines().add(level, line));
  }

  /** The numbers of the application's own. They count nothing where their code is missing. */
  get ofApplication(): Meters {
    const { log } = this.options;
    const load = () => (this.application ??= new (late.applicationMeters().ApplicationMeters)(log));
    if (this.lacksMeters) return noMeters;
    return (
      this.unlessMissing("the application's meters count nothing", load, () => (this.lacksMeters = true)) ?? noMeters
    );
  }

  /** Where lines of the application's log wait. Undefined: they are not to be sent. */
  get linesOfApplication(): LogBuffer | undefined {
    const { config } = this.options;
    const { applicationLogs } = config;
    if (applicationLogs === undefined || !mayTakeTelemetry(config)) return undefined;
    return (this.applicationLines ??= this.newBuffer(applicationLogs.maxBuffer));
  }

  /** Undefined: no lines of the application are to be sent, or none can be. */
  get lineCounts(): Status['applicationLogs'] {
    return this.applicationLines?.counts();
  }

  /** Lines of the application wait or are on their way, and there is a backend to take them. */
  get hasLines(): boolean {
    return this.applicationLogs?.hasWork === true;
  }

  /** Sends the lines of the application that wait; settles when that is done or has failed. */
  async flushLines(): Promise<void> {
    await this.applicationLogs?.flush();
  }

  /** Twice is once. @param connection its number */
  connected(backend: Backend, connection: number): void {
    const { config } = this.options;
    if (config.meters) this.unlessMissing('no meters are sent', () => this.meter(backend, connection));
    if (config.events) this.unlessMissing('no events are sent', () => this.reportEvents(backend, connection));
    if (config.logs)
      this.unlessMissing("the agent's log is not sent", () => {
        this.logs ??= this.newReporter(backend, this.logLines());
        this.logs.connected(connection);
      });
    const lines = this.applicationLines;
    if (lines)
      this.unlessMissing('the lines of the application are not sent', () => {
        this.applicationLogs ??= this.newReporter(backend, lines, APPLICATION_PERIOD_MS);
        this.applicationLogs.connected(connection);
      });
  }

  disconnected(): void {
    this.meters?.disconnected();
    this.logs?.disconnected();
    this.applicationLogs?.disconnected();
    this.events?.disconnected();
  }

  /** Settles within `ms`. */
  async reportEnd(end: ProcessEnd, ms: number): Promise<void> {
    await this.events?.reportEnd(end, ms);
  }

  /** Waits for nothing. */
  reportEndSync(end: ProcessEnd): void {
    this.events?.reportEndSync(end);
  }

  async stop(): Promise<void> {
    await this.meters?.stop();
    await this.logs?.stop();
    await this.events?.stop();
    await this.applicationLogs?.stop();
  }

  /** A file of ours that cannot be loaded costs what is in it, and neither the application nor the registration. */
  private unlessMissing<T>(loss: string, load: () => T, onLasting?: () => void): T | undefined {
    try {
      return load();
    } catch (error) {
      this.options.log.error(`${loss}: ${errorMessage(error)}`, loss);
      if (error instanceof LoadError && error.isLasting) onLasting?.();
      return undefined;
    }
  }

  private meter(backend: Backend, connection: number): void {
    const { clock, log } = this.options;
    this.meters ??= new (late.meterReporter().MeterReporter)({
      api: backend.telemetry.meters,
      clock,
      log,
      periodMs: this.options.config.meterPeriodMs,
      sampler: () => this.sampler(),
    });
    this.meters.connected(connection);
  }

  /** How the process is, what the agent has done, and what the application counts. */
  private sampler(): RuntimeSampler {
    const ofProcess = new (late.processSampler().ProcessSampler)();
    return {
      sample: () => [...ofProcess.sample(), ...this.options.ownMeters(), ...(this.application?.sample() ?? [])],
      stop: () => ofProcess.stop(),
    };
  }

  private newReporter(backend: Backend, lines: LogBuffer, periodMs?: number): LogReporter {
    const { clock, log } = this.options;
    const { LogReporter } = late.logReporter();
    return new LogReporter({
      api: backend.telemetry.logs,
      lines,
      clock,
      log,
      ...(periodMs !== undefined && { periodMs }),
    });
  }

  private reportEvents(backend: Backend, connection: number): void {
    this.events ??= new (late.eventReporter().EventReporter)({
      ...this.options,
      api: backend.telemetry.events,
      versions: `skyanchor ${version} on Node.js ${process.version}`,
    });
    this.events.connected(connection);
  }

  private logLines(): LogBuffer {
    return (this.lines ??= this.newBuffer());
  }

  private newBuffer(maxLines?: number): LogBuffer {
    return new (late.logLines().LogBuffer)(this.options.clock, maxLines);
  }
}
