/**
 * How many of the listeners to a signal are signal-exit's, which proper-lockfile brings along, as does many an
 * application. They end the process on a signal only if nobody else listens: they are nobody. Who wants to know
 * whether the application listens counts all listeners less his own less these; otherwise both wait for each other, and
 * the signal does nothing.
 */
export function ownSignalListeners(signal: NodeJS.Signals): number {
  // Each version's copies share an emitter; version 3 keeps its on the process, version 4 on the global object.
  const emitters: readonly unknown[] = [
    Reflect.get(process, '__signal_exit_emitter__'),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ];
  const copies = emitters.reduce<number>((sum, emitter) => sum + countOf(emitter), 0);
  // Each copy listens once, and not to every signal.
  return Math.min(copies, process.listenerCount(signal));
}

function countOf(emitter: unknown): number {
  if (typeof emitter !== 'object' || emitter === null || !('count' in emitter)) return 0;
  return typeof emitter.count === 'number' ? emitter.count : 0;
}
