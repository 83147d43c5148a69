/**
 * Calls back when a promise of the application settles, and returns the promise to hand on in its place. A rejection that
 * no handler takes must stay one: observing a promise handles it, so a plain promise is replaced by one that settles
 * alike. Never throws.
 */
export function observePromise(
  promise: Promise<unknown>,
  fulfilled: () => void,
  rejected: (error: unknown) => void,
): Promise<unknown> {
  try {
    const alike = promise.then(
      (value) => {
        fulfilled();
        return value;
      },
      (error: unknown) => {
        rejected(error);
        throw error;
      },
    );
    if (isPlain(promise)) return alike;
    // It can do more than a promise can (a child process with `kill`), so it has to stay itself; then the other one,
    // which nothing else holds, must not report a rejection a second time.
    alike.catch(() => undefined);
  } catch {
    // A subclass whose `then` is another thing altogether.
    fulfilled();
  }
  return promise;
}

/**
 * Nothing is lost if another promise takes its place: no subclass, of whichever realm, and nothing of its own.
 * (Symbols do not count: async_hooks keeps its own on every promise.)
 */
function isPlain(promise: Promise<unknown>): boolean {
  const above: unknown = Object.getPrototypeOf(Object.getPrototypeOf(promise));
  return Object.getOwnPropertyNames(promise).length === 0 && above !== null && Object.getPrototypeOf(above) === null;
}
