import { Door } from '../base/door';
import { watchExit } from './exit';
import type { Upstream } from './upstream';

export interface EndingOptions {
  readonly upstream: Upstream;
  /** Listeners to a signal that a library of ours added, and that are nobody. */
  silentListeners(signal: NodeJS.Signals): number;
}

/** A process that ends waits so long at most for what it has just traced. */
const LAST_FLUSH_MS = 1_000;

/** What a process that ends owes to what it has traced: a moment, and its last words. */
export class Ending {
  private readonly door = new Door();
  private isOver = false;
  private unwatchExit: (() => void) | undefined;

  constructor(private readonly options: EndingOptions) {
    process.prependListener('beforeExit', this.onBeforeExit);
  }

  /** Something was traced that may be sent. */
  owe(): void {
    const { upstream } = this.options;
    if (!this.isOver) this.door.openFor(LAST_FLUSH_MS);
    this.unwatchExit ??= watchExit({
      hasWork: () => upstream.hasWork,
      flush: () => this.flush(),
      sendLast: () => upstream.reporter.sendLast(),
      silentListeners: (signal) => this.options.silentListeners(signal),
    });
  }

  /** Nothing waits to be sent, or nobody is there to take it. */
  settle(): void {
    this.door.close();
  }

  /** Settles within a second. */
  flush(): Promise<boolean> {
    return this.options.upstream.reporter.flush(LAST_FLUSH_MS);
  }

  /** The process ends as it would without us. */
  stop(): void {
    this.door.close();
    this.unwatchExit?.();
    process.removeListener('beforeExit', this.onBeforeExit);
  }

  /**
   * The application has come to its end by itself. What its own listeners to this trace is sent as the process exits:
   * held up for it, the process would come to this end, and to them, again and again.
   */
  private readonly onBeforeExit = (): void => {
    this.isOver = true;
  };
}
