/**
 * How many of the listeners to a signal are signal-exit's, which many applications have. They end the process on a
 * signal only if nothing else listens: they decide nothing. The application listens if there are more listeners than
 * ours and these; otherwise both would wait for each other, and the signal would do nothing.
 */
export function signalExitListeners(signal: NodeJS.Signals): number {
  // Each copy listens once, and not to every signal.
  return Math.min(signalExitCopies(), process.listenerCount(signal));
}

const EMITTER_3 = '__signal_exit_emitter__';

/** How many copies of signal-exit are turned on. */
export function signalExitCopies(): number {
  // Each version's copies share an emitter; version 3 keeps its on the process, version 4 on the global object.
  const emitters: readonly unknown[] = [
    Reflect.get(process, EMITTER_3),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ];
  return emitters.reduce<number>((sum, emitter) => sum + countOf(emitter), 0);
}

function countOf(emitter: unknown): number {
  if (typeof emitter !== 'object' || emitter === null || !('count' in emitter)) return 0;
  return typeof emitter.count === 'number' ? emitter.count : 0;
}

/**
 * Turns off that copy of version 3 whose listener to a signal this is. Its own `unload()` could be had only by looking
 * the package up by its name: inside a bundle that finds nothing, or what a stranger has put above it. The listener
 * unloads its copy where it finds no other listener, before it tells the emitter of the exit and ends the process. Here
 * it finds none, and cannot tell.
 */
export function turnOffSignalExit(signal: NodeJS.Signals, listener: () => void): boolean {
  const emitter: unknown = Reflect.get(process, EMITTER_3);
  if (!isEmitter(emitter)) return false;
  const { count, emitted } = emitter;
  const listeners = process.listeners(signal).length;
  emitter.count = listeners;
  emitter.emitted = undefined;
  try {
    listener();
  } catch {
    // As intended.
  }
  const isOff = emitter.count < listeners;
  emitter.count = isOff ? count - 1 : count;
  emitter.emitted = emitted;
  return isOff;
}

interface Emitter {
  count: number;
  emitted: object | undefined;
}

function isEmitter(emitter: unknown): emitter is Emitter {
  return countOf(emitter) > 0 && typeof Reflect.get(emitter as object, 'emitted') === 'object';
}
