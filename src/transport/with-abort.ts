/**
 * Waits for something that may come, fail, or be given up by the signal, whichever is first. Unless it came,
 * `dispose` runs.
 */
export function withAbort<T>(
  signal: AbortSignal,
  dispose: () => void,
  start: (come: (value: T) => void, fail: (fault: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOpen = true;
    const settle = (act: () => void): void => {
      if (!isOpen) return;
      isOpen = false;
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const fail = (fault: Error): void =>
      settle(() => {
        dispose();
        reject(fault);
      });
    const onAbort = (): void => fail(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else start((value) => settle(() => resolve(value)), fail);
  });
}
