import { late } from './lazy';
import { logContextOf } from '../tracing/manual/manual-spans';
import { errorMessage } from '../base/text';
import type { Log } from '../base/log';
import type { Config } from '../config/config';
import type { CorrelationForm, LineHooks } from '../instrument/logs/line-hooks';
import type { ApplicationLogLevel } from '../api/options';
import type { LogBuffer } from '../telemetry/log-buffer';

interface ApplicationLogOptions {
  readonly config: Config;
  readonly log: Log;
  /** The application has said that it wants what OpenTelemetry offers. */
  readonly isBridgeWanted: boolean;
  /** Empty until this process has claimed its name. */
  instanceName(): string;
  /** Where lines to be sent wait. Undefined: none are. */
  lines(): LogBuffer | undefined;
}

/**
 * The log of the application: the ids of the trace in its lines, and its lines to the backend. Its loggers stay as they
 * are until that is wanted.
 */
export class ApplicationLog {
  private hooks: LineHooks | undefined;
  private unhook: (() => void) | undefined;
  private isOver = false;

  constructor(private readonly options: ApplicationLogOptions) {
    const { logCorrelation } = options.config;
    if (logCorrelation === 'auto' ? options.isBridgeWanted : logCorrelation !== false) this.correlate();
    if (options.config.applicationLogs) this.send(options.config.applicationLogs.level);
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

  private send(level: ApplicationLogLevel): void {
    const { log } = this.options;
    try {
      const buffer = this.options.lines();
      if (buffer) this.hooked().sendLines(level, (...line) => buffer.add(...line));
      else log.warn('applicationLogs: protocol v2 takes no logs; the lines of the application are not sent');
    } catch (error) {
      log.error(`the lines of the application are not sent: ${errorMessage(error)}`);
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
