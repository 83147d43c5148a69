import type { Clock, Timer } from '../base/clock';

/** Longer than any deadline of the transport's own: this one is for a transport that forgets one. */
const STEP_MS = 30_000;
/** After the signal, so long for the true answer; then nothing waits any more. */
const GRACE_MS = 250;

/** Waits for the answers of one stream, but not for ever, and not when the agent stops. */
export class StepDeadline {
  private readonly controller = new AbortController();
  private readonly abort = (): void => this.controller.abort();

  constructor(
    private readonly clock: Clock,
    private readonly outer: AbortSignal,
  ) {
    if (outer.aborted) this.abort();
    else outer.addEventListener('abort', this.abort, { once: true });
  }

  /** The stream is over. Many of them may share the outer signal. */
  dispose(): void {
    this.outer.removeEventListener('abort', this.abort);
  }

  /** Aborts when a step took too long, or with the outer one. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The answer; `undefined`: there was none, or it rejected, which a port does not. */
  race<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      let grace: Timer | undefined;
      const giveUp = () => {
        grace ??= this.clock.after(GRACE_MS, () => settle(undefined));
      };
      const deadline = this.clock.after(STEP_MS, () => this.controller.abort());
      const settle = (answer: T | undefined) => {
        deadline.cancel();
        grace?.cancel();
        this.signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      this.signal.addEventListener('abort', giveUp);
      if (this.signal.aborted) giveUp();
      // Within a promise, so that a question that throws is one that rejects.
      Promise.resolve()
        .then(ask)
        .then(settle, () => settle(undefined));
    });
  }
}
