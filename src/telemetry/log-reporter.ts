import type { Clock } from '../base/clock';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import { retryable, type Outcome } from '../base/outcome';
import type { LogLine } from '../model/telemetry';
import type { LogBatch, LogBuffer } from './log-buffer';

/** What the log reporter needs of a backend; a client of `protocol` fits it by shape. */
interface LogApi {
  /** @returns `failed` with UNIMPLEMENTED where the backend takes no logs */
  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>>;
}

interface LogReporterOptions {
  readonly api: LogApi;
  readonly lines: LogBuffer;
  readonly clock: Clock;
  /** Hears of failures as `debug` only: a warning would be one more line to send. */
  readonly log: Log;
  /** Default: 20 s, as is right for the agent's own log. */
  readonly periodMs?: number;
}

const PERIOD_MS = 20_000;
/** In one call. */
const MAX_LINES = 1_000;

/**
 * Tells a backend that takes logs what a log says: at once what was said before the connection, then every 20 s what has
 * come. Lines whose answer got lost are sent again; the backend may show them twice.
 */
export class LogReporter {
  private readonly periodMs: number;
  private readonly flushing: (() => void)[] = [];
  private readonly loop: Loop;
  private isConnected = false;
  private connection = 0;
  /** The connection whose backend takes no logs. */
  private refusedBy: number | undefined;

  constructor(private readonly options: LogReporterOptions) {
    const { clock, log, periodMs = PERIOD_MS } = options;
    this.periodMs = periodMs;
    this.loop = new Loop({ name: 'logs', clock, log, turn: (signal) => this.turn(signal) });
  }

  /**
   * A backend is connected that may take logs. Twice is once.
   * @param connection its number
   */
  connected(connection: number): void {
    if (this.isConnected && connection === this.connection) return;
    this.connection = connection;
    this.isConnected = true;
    this.loop.wake();
  }

  /** No backend is connected; a call under way is aborted. */
  disconnected(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.loop.interrupt();
  }

  /** Lines wait or are on their way, and there is a backend to take them. */
  get hasWork(): boolean {
    return this.isConnected && this.refusedBy !== this.connection && this.options.lines.counts().buffered > 0;
  }

  /** Settles when nothing waits any more, or what waits could not be sent. */
  flush(): Promise<void> {
    if (!this.hasWork) return Promise.resolve();
    return new Promise((resolve) => {
      this.flushing.push(resolve);
      this.loop.wake();
    });
  }

  async stop(): Promise<void> {
    this.isConnected = false;
    await this.loop.stop();
    this.settle();
  }

  private settle(): void {
    for (const resolve of this.flushing.splice(0)) resolve();
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const waitMs = await this.sendSome(signal);
    if (waitMs > 0) this.settle();
    return waitMs;
  }

  private async sendSome(signal: AbortSignal): Promise<number> {
    const { connection, options, periodMs } = this;
    if (!this.isConnected || this.refusedBy === connection) return Infinity;
    if (options.lines.isEmpty) return periodMs;
    const batch = options.lines.take(MAX_LINES);
    const outcome = await this.send(batch, signal);
    if (outcome.status === 'ok') {
      options.lines.confirm(batch);
      return batch.lines.length < MAX_LINES ? periodMs : 0;
    }
    options.log.debug(`logs: ${outcome.reason}`);
    if (outcome.status === 'failed' && outcome.code !== 'UNIMPLEMENTED') {
      // These it does not want; others it may.
      options.lines.discard(batch);
      return periodMs;
    }
    options.lines.requeue(batch);
    if (outcome.status === 'retryable') return periodMs;
    // Not every 8 has this service, and none where its module is switched off; the next backend may be another one.
    this.refusedBy = connection;
    return Infinity;
  }

  private async send(batch: LogBatch, signal: AbortSignal): Promise<Outcome<undefined>> {
    try {
      return await this.options.api.send(linesOf(batch), signal);
    } catch (error) {
      // A fault of ours. The loop would log it as an error: one more line to send, whose sending fails.
      return retryable(errorMessage(error));
    }
  }
}

/** How many are missing before them is said in the first, or in a line before it where that is the application's. */
function linesOf({ lines, lost }: LogBatch): readonly LogLine[] {
  const [first, ...others] = lines;
  if (!first || lost === 0) return lines;
  if (first.logger !== undefined)
    return [
      { time: first.time, level: 'warn', text: `lines of the application lost before the next: ${lost}` },
      ...lines,
    ];
  return [{ ...first, text: `${first.text} (lines lost before it: ${lost})` }, ...others];
}
