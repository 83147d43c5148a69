import timers from 'node:timers';
import type { Clock } from './clock';
import { type LogLevel, type Logger, LOG_LEVELS } from '../api/options';

// Node's own, whatever the application puts in its place: see clock.ts.
const { setImmediate } = timers;

let unsettled = 0;

/**
 * Writes to stderr, if anybody reads it. A pipe whose reader is gone, or a full disk, makes an `error` event later on,
 * which would end the process. Only for what we write: an application that writes there itself ends as it did.
 */
export function writeStderr(text: string): void {
  const { stderr } = process;
  let isSettled = false;
  const settle = (): void => {
    if (isSettled) return;
    isSettled = true;
    if (--unsettled === 0) stderr.removeListener('error', ignore);
  };
  if (unsettled++ === 0) stderr.on('error', ignore);
  try {
    // The event comes after this.
    stderr.write(text, (error) => (error ? setImmediate(settle).unref() : settle()));
  } catch {
    settle();
  }
}

function ignore(): void {
  // There is nowhere to report it.
}

/** Is told of a line after it was written. */
export type LineListener = (level: 'error' | 'warn', line: string) => void;

/** How long the same line stays quiet after it was said. */
const QUIET_MS = 60_000;
/** The most lines that are remembered; past that, the oldest is forgotten and may be logged again. */
const REMEMBERED = 200;

interface Said {
  at: number;
  suppressed: number;
  /** It is a failure, and that it is over was not said. */
  isOpen: boolean;
}

export const stderrLogger: Logger = {
  error: (message) => writeStderr(lineOf('error', message)),
  warn: (message) => writeStderr(lineOf('warn', message)),
  info: (message) => writeStderr(lineOf('info', message)),
  debug: (message) => writeStderr(lineOf('debug', message)),
};

function lineOf(level: string, message: string): string {
  return `skyanchor ${level}: ${message}\n`;
}

/**
 * The agent's own log. A line with the same key is said once a minute, with a count of those kept back; nothing that
 * the logger throws gets out.
 */
export class Log {
  private readonly said = new Map<string, Said>();
  private listener: LineListener | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger = stderrLogger,
    private threshold: LogLevel = 'warn',
  ) {}

  get level(): LogLevel {
    return this.threshold;
  }

  setLevel(level: LogLevel): void {
    this.threshold = level;
  }

  /** Called for warnings and errors that pass the level and the throttle. One listener; the last one counts. */
  onEntry(listener: LineListener): void {
    this.listener = listener;
  }

  /** @param key lines with the same key are throttled together; the message itself where there is none. */
  error(message: string, key?: string): void {
    this.say('error', message, key);
  }

  warn(message: string, key?: string): void {
    this.say('warn', message, key);
  }

  info(message: string, key?: string): void {
    this.say('info', message, key);
  }

  debug(message: string, key?: string): void {
    this.say('debug', message, key);
  }

  /**
   * A failure is over: logged once, as a warning, so that it stands where the failure does, and only if a failure was
   * logged under one of these keys. Since that happens once a minute at most, so does this.
   *
   * @returns whether it was logged
   */
  over(keys: readonly string[], message: string): boolean {
    const failures = keys.map((key) => this.said.get(key)).filter((said) => said?.isOpen === true);
    for (const failure of failures) if (failure) failure.isOpen = false;
    if (failures.length > 0) this.write('warn', message);
    return failures.length > 0;
  }

  private say(level: Exclude<LogLevel, 'off'>, message: string, key = message): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.threshold)) return;
    const now = this.clock.elapsed();
    const before = this.said.get(key);
    if (before && now - before.at < QUIET_MS) {
      before.suppressed++;
      return;
    }
    const more = before?.suppressed ? ` (${before.suppressed} more like it were not logged)` : '';
    this.said.delete(key);
    const isOpen = level === 'error' || level === 'warn';
    this.said.set(key, { at: now, suppressed: 0, isOpen });
    if (this.said.size > REMEMBERED) this.forgetOldest();
    this.write(level, message + more);
  }

  private write(level: Exclude<LogLevel, 'off'>, line: string): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.threshold)) return;
    quietly(() => this.logger[level](line));
    if (level === 'error' || level === 'warn') quietly(() => this.listener?.(level, line));
  }

  private forgetOldest(): void {
    const oldest = this.said.keys().next();
    if (!oldest.done) this.said.delete(oldest.value);
  }
}

function quietly(say: () => unknown): void {
  try {
    const said = say();
    // An asynchronous one that fails would end the process by a rejection that nothing handles.
    if (said !== undefined) Promise.resolve(said).catch(() => undefined);
  } catch {
    // A logger that throws is the application's; its failure must not become ours, nor the host's.
  }
}
