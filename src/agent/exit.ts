import { constants } from 'node:os';
import { blockFor } from '../base/block';

/** How a process ends, and what we may do before. */
export interface ExitOptions {
  /** Something was traced that could still be sent. */
  hasWork(): boolean;
  /** Sends it; settles within a second. */
  flush(): Promise<unknown>;
  /** Sends it without waiting for anything. Whether something is on its way now. */
  sendLast(): boolean;
  /** Listeners that a library of ours added and that leave the decision to others. */
  silentListeners(signal: NodeJS.Signals): number;
}

/**
 * So long a process that has exited stays connected: a server throws away what it has not yet looked at when the
 * connection ends. For OAP 6.5.0 on the same machine and two hundred segments, 50 ms were enough and 10 were not.
 */
const LAST_WORDS_MS = 100;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/**
 * Flushes when a signal is about to end the process. Any listener of ours takes the default action away, so this does
 * what would have happened: if nobody else listens, the process ends by that very signal; if the application listens,
 * it decides.
 *
 * Where it ends without letting anybody wait, by `process.exit()` or an error, what was traced is written all the same.
 *
 * @returns takes the listeners away
 */
export function watchExit(options: ExitOptions): () => void {
  let isEnding = false;

  function end(signal: NodeJS.Signals): void {
    unwatch();
    process.kill(process.pid, signal);
  }

  function onSignal(signal: NodeJS.Signals, number?: number): void {
    // Emitted by hand, it ends nothing.
    if (number !== constants.signals[signal]) return;
    const others = process.listenerCount(signal) - 1 - options.silentListeners(signal);
    if (others > 0) {
      // Whatever it decides, it may be the end.
      if (options.hasWork()) void options.flush();
      return;
    }
    // The second Ctrl+C means it.
    if (isEnding || !options.hasWork()) {
      end(signal);
      return;
    }
    isEnding = true;
    const endNow = () => end(signal);
    options.flush().then(endNow, endNow);
  }

  function onExit(): void {
    try {
      if (options.hasWork() && options.sendLast()) blockFor(LAST_WORDS_MS);
    } catch {
      // Nobody is left to be told, and the exit code is the application's.
    }
  }

  /** Who listens once is gone when it is his turn; so we count before anybody has it. */
  function goFirst(signal: NodeJS.Signals): void {
    if (process.listeners(signal)[0] === onSignal || !process.listeners(signal).includes(onSignal)) return;
    process.removeListener(signal, onSignal);
    process.prependListener(signal, onSignal);
  }

  function onNewListener(event: string | symbol, listener: unknown): void {
    const signal = SIGNALS.find((one) => one === event);
    // It is told of before it is there.
    if (signal && listener !== onSignal) process.nextTick(goFirst, signal);
  }

  function unwatch(): void {
    process.removeListener('exit', onExit);
    process.removeListener('newListener', onNewListener);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  }

  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  process.on('newListener', onNewListener);
  process.on('exit', onExit);
  return unwatch;
}
