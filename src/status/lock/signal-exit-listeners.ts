/**
 * How many of the listeners to a signal are signal-exit's, which many applications have. They end the process on a
 * signal only if nothing else listens: they decide nothing. The application listens if there are more listeners than
 * ours and these; otherwise both would wait for each other, and the signal would do nothing.
 */
export function signalExitListeners(signal: NodeJS.Signals): number {
  // Each copy listens once, and not to every signal.
  return Math.min(signalExitCopies(), process.listenerCount(signal));
}

/** How many copies of signal-exit are turned on. */
export function signalExitCopies(): number {
  // Each version's copies share an emitter; version 3 keeps its on the process, version 4 on the global object.
  const emitters: readonly unknown[] = [
    Reflect.get(process, '__signal_exit_emitter__'),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ];
  return emitters.reduce<number>((sum, emitter) => sum + countOf(emitter), 0);
}

function countOf(emitter: unknown): number {
  if (typeof emitter !== 'object' || emitter === null || !('count' in emitter)) return 0;
  return typeof emitter.count === 'number' ? emitter.count : 0;
}
