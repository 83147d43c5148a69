import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Config } from '../config/config';
import type { LogLines } from '../meter/log-lines';
import type { LogReporter } from '../meter/log-reporter';
import type { MeterReporter } from '../meter/meter-reporter';
import type { Backend } from '../wire/backend';
import { late } from './late';

export interface TelemetryOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** What only a v3 backend takes, beside the segments; what is needed for it is loaded when one is connected. */
export class Telemetry {
  private meters: MeterReporter | undefined;
  private lines: LogLines | undefined;
  private logs: LogReporter | undefined;

  /** From here on it keeps what the log says. */
  constructor(private readonly options: TelemetryOptions) {
    const { config, log } = options;
    if (config.logs && config.protocol !== 'v2') log.onLine((level, line) => this.logLines().add(level, line));
  }

  /** Twice is once. @param connection its number */
  connected(backend: Backend, connection: number): void {
    const { config } = this.options;
    if (config.meters) this.meter(backend, connection);
    if (config.logs) this.tellLog(backend, connection);
  }

  disconnected(): void {
    this.meters?.disconnected();
    this.logs?.disconnected();
  }

  async stop(): Promise<void> {
    await this.meters?.stop();
    await this.logs?.stop();
  }

  private meter(backend: Backend, connection: number): void {
    const { clock, log } = this.options;
    this.meters ??= new (late.meterReporter().MeterReporter)({
      api: backend.meters,
      clock,
      log,
      sampler: () => new (late.processSampler().ProcessSampler)(),
    });
    this.meters.connected(connection);
  }

  private tellLog(backend: Backend, connection: number): void {
    const { clock, log } = this.options;
    const lines = this.logLines();
    this.logs ??= new (late.logReporter().LogReporter)({ api: backend.logs, lines, clock, log });
    this.logs.connected(connection);
  }

  private logLines(): LogLines {
    return (this.lines ??= new (late.logLines().LogLines)(this.options.clock));
  }
}
