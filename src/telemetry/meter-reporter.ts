import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import type { Outcome } from '../base/outcome';
import type { Meter } from '../model/telemetry';

/** What the meter reporter needs of a backend; a client of `protocol` fits it by shape. */
interface MeterApi {
  /**
   * @param time milliseconds since 1970
   * @returns `failed` with UNIMPLEMENTED where the backend takes no meters
   */
  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>>;
}

interface MeterReporterOptions {
  readonly api: MeterApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between two reports. */
  readonly periodMs: number;
  /** Begins to watch. */
  sampler(): RuntimeSampler;
}

export interface RuntimeSampler {
  sample(): readonly Meter[];
  stop(): void;
}

/**
 * Tells a backend that takes meters how this process is, every 20 s by default as SkyWalking's own agents do. A sample that cannot be
 * sent is gone; nothing is kept.
 */
export class MeterReporter {
  private readonly loop: Loop;
  private sampler: RuntimeSampler | undefined;
  private connection = 0;
  /** This connection's backend takes no meters. */
  private isRefused = false;

  constructor(private readonly options: MeterReporterOptions) {
    const { clock, log } = options;
    this.loop = new Loop({ name: 'meters', clock, log, turn: (signal) => this.turn(signal) });
  }

  /**
   * A backend is connected that may take meters: watch, and tell it after the first period. Twice is once.
   * @param connection its number
   */
  connected(connection: number): void {
    if (connection !== this.connection) this.isRefused = false;
    this.connection = connection;
    if (this.sampler || this.isRefused) return;
    this.sampler = this.options.sampler();
    this.loop.wake(this.options.periodMs);
  }

  /** No backend is connected; sampling costs a little, so it stops. */
  disconnected(): void {
    this.sampler?.stop();
    this.sampler = undefined;
  }

  async stop(): Promise<void> {
    this.disconnected();
    await this.loop.stop();
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { api, clock, log, periodMs } = this.options;
    if (!this.sampler) return Infinity;
    const outcome = await api.send(this.sampler.sample(), clock.now(), signal);
    if (outcome.status === 'ok') return periodMs;
    if (outcome.status === 'failed' && outcome.code === 'UNIMPLEMENTED') {
      // 8.0 to 8.3 have no such service, and where its module is switched off there is none either.
      this.isRefused = true;
      this.disconnected();
      return Infinity;
    }
    log.debug(`meters: ${outcome.reason}`);
    return periodMs;
  }
}
