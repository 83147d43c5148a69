import { late } from './lazy';
import { logContextOf } from '../tracing/manual/manual-spans';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import type { Config } from '../config/config';
import type { CorrelationForm, LineHooks } from '../instrument/logs/line-hooks';

interface ApplicationLogOptions {
  readonly config: Config;
  readonly log: Log;
  /** The application has said that it wants what OpenTelemetry offers. */
  readonly isBridgeWanted: boolean;
  /** Empty until this process has claimed its name. */
  instanceName(): string;
}

/** The log of the application: the ids of the trace in its lines. Its loggers stay as they are until that is wanted. */
export class ApplicationLog {
  private hooks: LineHooks | undefined;
  private unhook: (() => void) | undefined;
  private isOver = false;

  constructor(private readonly options: ApplicationLogOptions) {
    const { logCorrelation } = options.config;
    if (logCorrelation === 'auto' ? options.isBridgeWanted : logCorrelation !== false) this.correlate();
  }

  /** The ids stand in each line from now on, unless that is switched off. */
  correlate(): void {
    const { logCorrelation } = this.options.config;
    if (logCorrelation === false || this.isOver) return;
    const form: CorrelationForm = logCorrelation === 'text' ? 'text' : 'fields';
    try {
      this.hooked().form = form;
    } catch (error) {
      // The application calls this, too: what of ours is missing costs it the ids and nothing else.
      this.options.log.error(`the lines of loggers get no ids: ${errorMessage(error)}`);
    }
  }

  stop(): void {
    this.isOver = true;
    this.unhook?.();
  }

  private hooked(): LineHooks {
    if (this.hooks) return this.hooks;
    const { log, config } = this.options;
    const { LineHooks, hookLoggers } = late.loggers();
    this.hooks = new LineHooks({
      log,
      textOf: ({ traceId, segmentId = '', spanId = -1 }) =>
        logContextOf({ traceId, segmentId, spanId }, config.serviceName, this.options.instanceName()).toString(),
    });
    this.unhook = hookLoggers(this.hooks);
    return this.hooks;
  }
}
