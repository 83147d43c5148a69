const HOUR_MS = 3_600_000;

/**
 * Keeps the process up until `promise` settles: for the promises that the application itself awaits
 * (`ready`, `reset`, `flush`, `stop`). All our timers are unref'd, and a top-level `await` on such a timer would end
 * the process with exit code 13.
 */
export async function holdOpen<T>(promise: Promise<T>): Promise<T> {
  const door = setInterval(() => undefined, HOUR_MS);
  try {
    return await promise;
  } finally {
    clearInterval(door);
  }
}
