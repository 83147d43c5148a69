import { APPLICATION_LOG_LEVELS, type ApplicationLogLevel } from '../../api/options';
import type { Log } from '../../base/log';
import { errorMessage } from '../../base/text';
import { Span } from '../../model/segment';
import type { LogLine, TraceIds } from '../../model/telemetry';
import { context, type Scope, untraced } from '../../tracing/context';

/** Lines come several to a span: those ids are made once. */
let lastScope: Scope | undefined;
let lastTraceId: unknown;
let lastIds: TraceIds | undefined;

/** The ids of the trace that runs now; `undefined` outside of one. The same object as long as they are the same. */
function traceIdsOfNow(): TraceIds | undefined {
  const scope = context.getStore();
  if (scope === undefined || scope === untraced) return undefined;
  const { traceId } = scope instanceof Span ? scope.segment : scope;
  // The trace of a consumer's segment is known with its first message.
  if (scope === lastScope && traceId === lastTraceId) return lastIds;
  lastScope = scope;
  lastTraceId = traceId;
  lastIds =
    scope instanceof Span
      ? { traceId: traceId.toString(), segmentId: scope.segment.segmentId.toString(), spanId: scope.spanId }
      : { traceId: traceId.toString() };
  return lastIds;
}

/** How the ids stand in a line: as fields of their own, or as a text at the end of the message. */
export type CorrelationForm = 'fields' | 'text';

interface LineHookOptions {
  readonly log: Log;
  /** The ids with the names of the service and the instance, in one text. */
  textOf(ids: TraceIds): string;
}

/** Takes a line to be sent. */
type AddLine = (level: ApplicationLogLevel, text: string, more: Pick<LogLine, 'logger' | 'trace'>) => void;

/** The numbers of pino and bunyan. */
const SEVERITIES: Readonly<Record<ApplicationLogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};
/** Levels of winston, npm's and syslog's, that are called otherwise. */
const OTHER_NAMES: Readonly<Record<string, ApplicationLogLevel>> = {
  silly: 'trace',
  verbose: 'debug',
  http: 'debug',
  data: 'info',
  help: 'info',
  prompt: 'info',
  input: 'info',
  notice: 'info',
  warning: 'warn',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
};

/** Names that are not known are those of the application, of which most are for information. */
function severityOf(name: unknown): number {
  const known = APPLICATION_LOG_LEVELS.find((level) => level === name);
  const other = typeof name === 'string' && Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
  return SEVERITIES[known ?? other ?? 'info'];
}

/** A level of the application's own between two of these is the lower one. */
function levelOf(severity: number): ApplicationLogLevel {
  return APPLICATION_LOG_LEVELS.findLast((level) => SEVERITIES[level] <= severity) ?? 'trace';
}

/** What is asked for each line that a logger of the application writes. Nothing here throws. */
export class LineHooks {
  /** Undefined: lines stay as they are. */
  form: CorrelationForm | undefined;
  private add: AddLine | undefined;
  private severity = 0;
  private hasWithheld = false;

  constructor(private readonly options: LineHookOptions) {}

  /** What a line of now has to have as fields. */
  fields(): TraceIds | undefined {
    return this.form === 'fields' ? traceIdsOfNow() : undefined;
  }

  /** Likewise where a text cannot be put into the message. */
  idsOfNow(): TraceIds | undefined {
    return this.form === undefined ? undefined : traceIdsOfNow();
  }

  /** The message of a line of now; one that is no text stays as it is. */
  message(given: unknown): unknown {
    if (this.form !== 'text' || (typeof given !== 'string' && given !== undefined)) return given;
    const ids = traceIdsOfNow();
    if (ids === undefined) return given;
    const text = this.options.textOf(ids);
    return given === undefined || given === '' ? text : `${given} ${text}`;
  }

  get isSending(): boolean {
    return this.add !== undefined;
  }

  /** Lines from this level on are handed over. */
  sendLines(level: ApplicationLogLevel, add: AddLine): void {
    this.severity = SEVERITIES[level];
    this.add = add;
  }

  /**
   * A line was made.
   * @param level a number as pino and bunyan have it, or a name as winston has it
   * @param text as the logger writes it, or what there is of it
   */
  written(logger: string, level: unknown, text: unknown): void {
    const { add, severity } = this;
    if (add === undefined || typeof text !== 'string') return;
    try {
      const found = typeof level === 'number' ? level : severityOf(level);
      if (found < severity) return;
      const trace = traceIdsOfNow();
      add(levelOf(found), text, trace ? { logger, trace } : { logger });
    } catch (error) {
      this.complain(error);
    }
  }

  /** Lines are not handed over, since what is written instead of them is not known. */
  withheld(which: string): void {
    if (this.hasWithheld) return;
    this.hasWithheld = true;
    this.options.log.warn(`lines ${which}, are not sent`);
  }

  /** Logs what went wrong in our own code; the line is written as without us. */
  complain(error: unknown): void {
    this.options.log.error(`a line of a log got no trace: ${errorMessage(error)}`, 'log lines');
  }
}

/** One that can be copied; others are instances of a class, whose methods a copy would not have. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
