/** The emitters that signal-exit, version 3 and 4, share among all copies of themselves in a process. */
const EMITTERS: readonly (string | symbol)[] = ['__signal_exit_emitter__', Symbol.for('signal-exit emitter')];

/**
 * How many of the listeners to a signal are signal-exit's, which proper-lockfile brings along, as does many an
 * application. They end the process on a signal only if nobody else listens: they are nobody. Who wants to know
 * whether the application listens counts all listeners less his own less these; otherwise both wait for each other, and
 * the signal does nothing.
 */
export function ownSignalListeners(signal: NodeJS.Signals): number {
  const copies = EMITTERS.reduce<number>((sum, name) => sum + countOf(Reflect.get(process, name)), 0);
  // Each copy listens once, and not to every signal.
  return Math.min(copies, process.listenerCount(signal));
}

function countOf(emitter: unknown): number {
  if (typeof emitter !== 'object' || emitter === null || !('count' in emitter)) return 0;
  return typeof emitter.count === 'number' ? emitter.count : 0;
}
