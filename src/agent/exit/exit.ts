import { constants } from 'node:os';
import { KeepAlive, keepAliveWhile, sleepSync, systemClock, type Timer } from '../../base/clock';
import { define } from '../../base/define';
import { patch } from '../../instrument/patch';

/** How a process ends, and what we may do before. */
export interface ExitOptions {
  /** The process ends, or may soon: hands over what waits for spans that may never end. */
  finishSegments(): void;
  /** Something was traced that could still be sent. */
  hasWork(): boolean;
  /** A signal came that may end the process. */
  heard(signal: NodeJS.Signals): void;
  /** The process ends now. Whoever is to hear how waits for nothing. @param exitCode undefined: by the signal that came */
  reportEnd(exitCode?: number): void;
  /** Sends it; settles within a second. */
  flush(): Promise<unknown>;
  /** Sends it without waiting for anything. Whether something is on its way now. */
  flushSync(): boolean;
  /** Writes to the disk what is left, where that is configured. Bounded. */
  spoolSync(): void;
  /** Listeners that a library of ours added and that leave the decision to others. */
  ignoredListeners(signal: NodeJS.Signals): number;
}

/**
 * So long a process that has exited stays connected: a server throws away what it has not yet looked at when the
 * connection ends. For OAP 6.5.0 on the same machine and two hundred segments, 50 ms were enough and 10 were not.
 */
const LAST_WORDS_MS = 100;
/** So long a job that goes on after its request may take, where the application hears a signal, and still be a part of that. */
const MOMENT_MS = 1_000;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
/** What applications send to themselves once they have closed: the signal that came, or nodemon's. */
const RAISED: readonly NodeJS.Signals[] = [...SIGNALS, 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/**
 * On each listener of an agent to a signal. A test runner that gives each file a realm of its own may have several in one
 * process: two that each went before the other would never come to an end.
 */
const OURS = Symbol.for('skyanchor.signal');

function isOfAnAgent(listener: unknown): boolean {
  return typeof listener === 'function' && Object.hasOwn(listener, OURS);
}

/** The signal by which the process ends, and who listened to it when it came. */
interface Ending {
  readonly signal: NodeJS.Signals;
  readonly listeners: readonly unknown[];
}

/**
 * Flushes when a signal is about to end the process. Any listener of ours takes the default action away, so this does
 * what would have happened: if nothing else listens, the process ends by that very signal, whatever it does while its
 * last traces are sent: without us it would not have come to that. If the application listens, it decides, and our
 * listener to that signal is gone for good. A signal that the application then sends to itself ends the process inside of
 * `process.kill()`, as without us. With a listener of ours it would have to wait for the event loop, which has often come
 * to its end by then, and the process with it, with exit code 0.
 *
 * Where the process ends without a moment to wait, by `process.exit()`, by an error or by a signal that it sends to
 * itself, what was traced is written all the same.
 *
 * @returns takes the listeners away
 */
export function watchExit(options: ExitOptions): () => void {
  let ending: Ending | undefined;
  let late: Timer | undefined;

  function end({ signal, listeners }: Ending, isLoopOver = false): void {
    ending = undefined;
    spool();
    unwatch();
    process.removeListener('exit', endAtExit);
    if (process.platform === 'win32' && signal === 'SIGINT') endByControlC();
    for (const listener of process.listeners(signal))
      if (!listeners.includes(listener)) process.removeListener(signal, listener);
    // Who is left is of a library that ends the process by this signal once it has heard it, which takes the event loop.
    if (isLoopOver && process.emit(signal, signal)) return;
    new KeepAlive().hold(LAST_WORDS_MS);
    process.kill(process.pid, signal);
  }

  function finish(): void {
    options.finishSegments();
    if (options.hasWork()) void options.flush();
  }

  function endNow(): void {
    if (ending) end(ending);
  }

  function onSignal(signal: NodeJS.Signals, number?: number): void {
    // Emitted by hand, it ends nothing.
    if (number !== constants.signals[signal]) return;
    // The second Ctrl+C means it.
    if (ending) {
      end(ending);
      return;
    }
    options.heard(signal);
    const listeners = process.listeners(signal);
    if (listeners.length - 1 > options.ignoredListeners(signal)) {
      process.removeListener(signal, onSignal);
      // Whatever it decides, it may be the end: many give it some seconds, and no second signal that could be heard.
      if (options.hasWork()) void options.flush();
      late?.cancel();
      late = systemClock.after(MOMENT_MS, finish);
      return;
    }
    // The kernel ends the first process of a container by no signal that it does not listen to: without us it goes on.
    if (process.pid === 1) {
      finish();
      return;
    }
    reportEnd();
    options.finishSegments();
    if (!options.hasWork()) {
      end({ signal, listeners });
      return;
    }
    ending = { signal, listeners };
    // In its place: for one more Node might warn.
    process.removeListener('exit', sayLastWords);
    process.prependListener('exit', endAtExit);
    keepAliveWhile(options.flush()).then(endNow, endNow);
  }

  /** The first of the listeners: those of the application would not have been called. */
  function endAtExit(): void {
    sayLastWords();
    if (ending) end(ending, true);
  }

  function sayLastWords(exitCode?: number): void {
    reportEnd(exitCode);
    try {
      options.finishSegments();
      const isOnItsWay = options.hasWork() && options.flushSync();
      spool();
      if (isOnItsWay) sleepSync(LAST_WORDS_MS);
    } catch {
      // No listener is left to be told, and the exit code is the application's.
    }
  }

  function reportEnd(exitCode?: number): void {
    try {
      options.reportEnd(exitCode);
    } catch {
      // As above.
    }
  }

  function spool(): void {
    try {
      options.spoolSync();
    } catch {
      // As above.
    }
  }

  /**
   * The process sends itself a signal; if only our listener hears it, the process ends inside this call.
   *
   * @returns the signal whose listener of ours is gone
   */
  function onRaise(pid: unknown, given: unknown): NodeJS.Signals | undefined {
    const raised = typeof given === 'number' ? given : given || 'SIGTERM';
    const signal = RAISED.find((one) => one === raised || constants.signals[one] === raised);
    if (!signal || !includesThisProcess(pid)) return undefined;
    const isOurs = process.listeners(signal).includes(onSignal);
    if (process.listenerCount(signal) > Number(isOurs)) return undefined;
    process.removeListener(signal, onSignal);
    options.heard(signal);
    sayLastWords();
    endNow();
    return isOurs ? signal : undefined;
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
    if (signal && !isOfAnAgent(listener)) process.nextTick(goFirst, signal);
  }

  define(onSignal, OURS, { value: true });

  function unwatch(): void {
    late?.cancel();
    unpatch();
    process.removeListener('exit', sayLastWords);
    process.removeListener('newListener', onNewListener);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  }

  const unpatch = patch<typeof process.kill>(process, 'kill', (layer) => (...raised) => {
    const signal = layer.isOn ? onRaise(raised[0], raised[1]) : undefined;
    try {
      return layer.below.apply(process, raised);
    } catch (error) {
      // Node refused it, so nothing ends.
      if (signal) process.prependListener(signal, onSignal);
      throw error;
    }
  });
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  process.on('newListener', onNewListener);
  process.on('exit', sayLastWords);
  return unwatch;
}

/** STATUS_CONTROL_C_EXIT, as the signed number that Node takes. */
const CONTROL_C_EXIT = 0xc000013a | 0;

/**
 * On Windows `process.kill()` ends the process with exit code 1, and Ctrl+C with this one, by which cmd.exe recognises it.
 * As after Ctrl+C no listener to `exit` runs, so this is not `process.exit()`.
 */
function endByControlC(): void {
  const exit: unknown = Reflect.get(process, 'reallyExit');
  if (typeof exit === 'function') Reflect.apply(exit, process, [CONTROL_C_EXIT]);
}

/**
 * Calls back for each exception that nothing catches, before Node prints it and the process ends, if it does. Where a
 * listener of ours to `uncaughtException` would keep the process alive, this changes nothing.
 * @param heard whether the process ends of it: the application does not listen for them
 * @returns takes the listener away
 */
export function watchUncaught(heard: (error: unknown, isLast: boolean) => void): () => void {
  function onUncaught(error: unknown): void {
    try {
      heard(error, process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback());
    } catch {
      // Another error here would take the place of the application's.
    }
  }
  process.on('uncaughtExceptionMonitor', onUncaught);
  return () => process.removeListener('uncaughtExceptionMonitor', onUncaught);
}

/** The process itself or its group: 0, or its own id negated if it leads one. Another form of its group's id cannot be told. */
function includesThisProcess(pid: unknown): boolean {
  if (typeof pid !== 'number' && typeof pid !== 'string') return false;
  return [process.pid, 0, -process.pid].includes(Number(pid));
}
