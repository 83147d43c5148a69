import { AgentError } from '../../api/errors';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: AgentError) => void;
}

/** Those who wait for one event, which may come again and again until it never will. */
export class Signal {
  private readonly waiting = new Set<Waiter>();
  private stopped = false;

  /** Resolves at the next `release`; rejects with `STOPPED`. */
  wait(): Promise<void> {
    if (this.stopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => {
      this.waiting.add({ resolve, reject });
    });
  }

  release(): void {
    for (const waiter of this.take()) waiter.resolve();
  }

  stop(): void {
    this.stopped = true;
    for (const waiter of this.take()) waiter.reject(stoppedError());
  }

  private take(): Waiter[] {
    const all = [...this.waiting];
    this.waiting.clear();
    return all;
  }
}

function stoppedError(): AgentError {
  return new AgentError('STOPPED', 'the agent was stopped');
}
