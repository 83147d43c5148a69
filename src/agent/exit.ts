/** How a process ends by a signal when nobody listens, and what we may do before. */
export interface ExitOptions {
  /** Something was traced that could still be sent. */
  hasWork(): boolean;
  /** Sends it; settles within a second. */
  flush(): Promise<unknown>;
  /** Listeners that a library of ours added and that leave the decision to others. */
  silentListeners(signal: NodeJS.Signals): number;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/**
 * Flushes when a signal is about to end the process. Any listener of ours takes the default action away, so this does
 * what would have happened: if nobody else listens, the process ends by that very signal; if the application listens,
 * it decides.
 *
 * @returns takes the listeners away
 */
export function watchSignals(options: ExitOptions): () => void {
  let isEnding = false;

  function end(signal: NodeJS.Signals): void {
    unwatch();
    process.kill(process.pid, signal);
  }

  function onSignal(signal: NodeJS.Signals): void {
    const others = process.listenerCount(signal) - 1 - options.silentListeners(signal);
    if (others > 0) return;
    // The second Ctrl+C means it.
    if (isEnding || !options.hasWork()) {
      end(signal);
      return;
    }
    isEnding = true;
    const endNow = () => end(signal);
    options.flush().then(endNow, endNow);
  }

  function unwatch(): void {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  }

  for (const signal of SIGNALS) process.on(signal, onSignal);
  return unwatch;
}
