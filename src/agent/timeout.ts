import type { Clock } from '../base/clock';
import { AgentError } from '../base/errors';

/** What `promise` settles to, or a rejection with `TIMEOUT` after `ms`; `undefined`: however long it takes. */
export function withTimeout<T>(promise: Promise<T>, ms: number | undefined, clock: Clock, what: string): Promise<T> {
  if (ms === undefined) return promise;
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      reject(new AgentError('TIMEOUT', `${what} took longer than ${ms} ms`));
    });
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
