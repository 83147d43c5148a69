import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Config } from '../config/config';
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

  constructor(private readonly options: TelemetryOptions) {}

  /** Twice is once. @param connection its number */
  connected(backend: Backend, connection: number): void {
    const { config, clock, log } = this.options;
    if (!config.meters) return;
    this.meters ??= new (late.meterReporter().MeterReporter)({
      api: backend.meters,
      clock,
      log,
      sampler: () => new (late.processSampler().ProcessSampler)(),
    });
    this.meters.connected(connection);
  }

  disconnected(): void {
    this.meters?.disconnected();
  }

  async stop(): Promise<void> {
    await this.meters?.stop();
  }
}
