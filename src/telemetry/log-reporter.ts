import type { Clock } from '../base/clock';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import { retryable, type Outcome } from '../base/outcome';
import type { LogApi } from './ports';
import type { LogLine } from '../model/telemetry';
import type { LogBatch, LogBuffer } from './log-buffer';

interface LogReporterOptions {
  readonly api: LogApi;
  readonly lines: LogBuffer;
  readonly clock: Clock;
  /** Hears of failures as `debug` only: a warning would be one more line to send. */
  readonly log: Log;
}

const EVERY_MS = 20_000;

/**
 * Tells a backend that takes logs what the agent's own log says: at once what was said before the connection, then every
 * 20 s what has come. Lines whose answer got lost are sent again; the backend may show them twice.
 */
export class LogReporter {
  private readonly loop: Loop;
  private isConnected = false;
  private connection = 0;
  /** The connection whose backend takes no logs. */
  private refusedBy: number | undefined;

  constructor(private readonly options: LogReporterOptions) {
    const { clock, log } = options;
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

  async stop(): Promise<void> {
    this.isConnected = false;
    await this.loop.stop();
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { connection, options } = this;
    if (!this.isConnected || this.refusedBy === connection) return Infinity;
    if (options.lines.isEmpty) return EVERY_MS;
    const batch = options.lines.take();
    const outcome = await this.send(batch, signal);
    if (outcome.status === 'ok') return EVERY_MS;
    options.log.debug(`logs: ${outcome.reason}`);
    if (outcome.status === 'failed' && outcome.code !== 'UNIMPLEMENTED') {
      // These it does not want; others it may.
      options.lines.discard(batch);
      return EVERY_MS;
    }
    options.lines.requeue(batch);
    if (outcome.status === 'retryable') return EVERY_MS;
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

/** The first one says how many are missing before it. */
function linesOf({ lines, lost }: LogBatch): readonly LogLine[] {
  const [first, ...others] = lines;
  if (!first || lost === 0) return lines;
  return [{ ...first, text: `${first.text} (lines lost before it: ${lost})` }, ...others];
}
