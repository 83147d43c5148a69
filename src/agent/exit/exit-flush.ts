import type { KeepAlive } from '../../base/clock';
import { printable } from '../../base/text';
import { errorLog } from '../../tracing/error-log';
import type { ProcessEnd } from '../../telemetry/event-reporter';
import { watchExit, watchUncaught } from './exit';
import type { BackendSession } from '../backend-session';

interface ExitFlushOptions {
  session(): BackendSession;
  readonly keepAlive: KeepAlive;
  /** Hands over what waits for spans that may never end. */
  finishSegments(): void;
  /** Puts an exception that nothing catches on the span that is active. @param isLast the process ends of it */
  failActive(error: unknown, isLast: boolean): void;
  /** Listeners to a signal that a library of ours added, and that do not count. */
  silentListeners(signal: NodeJS.Signals): number;
  /**
   * Settles when the agent before has stopped. Until then that one alone listens to the end of the process: two would each
   * take the other's listener for one of the application's.
   */
  readonly previous?: Promise<void>;
}

/** A process that ends waits so long at most for what it has just traced. */
const LAST_FLUSH_MS = 1_000;

/** What a process that ends owes to what it has traced: a moment, and its last words. */
export class ExitFlush {
  private isOver = false;
  private isStopping = false;
  private unwatchExit: (() => void) | undefined;
  private unwatchUncaught: (() => void) | undefined;
  private state: 'waiting' | 'listening' | 'stopped' = 'waiting';
  private isWatchWanted = false;
  /** The one that came last. */
  private signal: NodeJS.Signals | undefined;
  /** The last one that nothing caught. */
  private uncaught: { readonly error: unknown; readonly isLast: boolean } | undefined;

  constructor(private readonly options: ExitFlushOptions) {
    if (options.previous) void options.previous.then(() => this.listen());
    else this.listen();
  }

  private listen(): void {
    if (this.state === 'stopped') return;
    this.state = 'listening';
    // Until now the agent before holds the process up: it has not come to its end.
    process.prependListener('beforeExit', this.onBeforeExit);
    this.unwatchUncaught = watchUncaught((error, isLast) => {
      this.options.failActive(error, isLast);
      this.uncaught = { error, isLast };
      if (isLast) this.reportEnd();
    });
    if (this.isWatchWanted) this.watch();
  }

  /** Something was traced that may be sent. Called for nearly every request. */
  readonly arm = (): void => {
    if (this.isStopping) return;
    if (!this.isOver) this.options.keepAlive.hold(LAST_FLUSH_MS);
    if (!this.unwatchExit) this.watch();
  };

  /** Something waits that is not to be sent yet, unless the process ends. */
  watch(): void {
    this.isWatchWanted = true;
    if (this.state !== 'listening') return;
    this.unwatchExit ??= watchExit({
      finishSegments: () => this.options.finishSegments(),
      hasWork: () => this.options.session().hasWork,
      heard: (signal) => {
        this.signal = signal;
      },
      reportEnd: (exitCode) => this.reportEnd(exitCode),
      flush: () => this.options.session().flush(LAST_FLUSH_MS),
      flushSync: () => this.options.session().flushSync(),
      spoolSync: () => this.options.session().spoolSync(),
      ignoredListeners: (signal) => this.options.silentListeners(signal),
    });
  }

  /** Nothing waits to be sent, or no backend is there to take it. */
  readonly disarm = (): void => {
    this.options.keepAlive.release();
  };

  /** The application has stopped the agent. Settles within a second. */
  async flush(): Promise<void> {
    const session = this.options.session();
    this.isStopping = true;
    const flushed = session.hasWork && session.flush(LAST_FLUSH_MS);
    await Promise.all([flushed, session.reportEnd(this.end(undefined, true), LAST_FLUSH_MS)]);
  }

  /** The process ends now. */
  private reportEnd(exitCode?: number): void {
    this.options.session().reportEndSync(this.end(exitCode));
  }

  private end(exitCode: number | undefined, isStop = false): ProcessEnd {
    const { signal, uncaught } = this;
    const exception = uncaught && oneLine(uncaught.error);
    return { signal, isStop, exitCode, exception, isCrash: uncaught?.isLast === true };
  }

  /** The process ends as it would without us. */
  stop(): void {
    this.state = 'stopped';
    this.options.keepAlive.release();
    this.unwatchExit?.();
    this.unwatchUncaught?.();
    process.removeListener('beforeExit', this.onBeforeExit);
  }

  /**
   * The application has come to its end by itself. What its own listeners to this trace is sent as the process exits:
   * held up for it, the process would come to this end, and to them, again and again.
   */
  private readonly onBeforeExit = (): void => {
    this.isOver = true;
    this.options.keepAlive.release();
  };
}

function oneLine(error: unknown): string {
  const [, , , kind, , message] = errorLog(error);
  return printable(`${kind}: ${message}`);
}
