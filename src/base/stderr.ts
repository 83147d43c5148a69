let unsettled = 0;

/**
 * Writes to stderr, if anybody reads it. A pipe whose reader is gone, or a full disk, makes an `error` event later on,
 * which would end the process. Only for what we write: an application that writes there itself ends as it did.
 */
export function writeStderr(text: string): void {
  const { stderr } = process;
  let isSettled = false;
  const settle = (): void => {
    if (isSettled) return;
    isSettled = true;
    if (--unsettled === 0) stderr.removeListener('error', ignore);
  };
  if (unsettled++ === 0) stderr.on('error', ignore);
  try {
    // The event comes after this.
    stderr.write(text, (error) => (error ? setImmediate(settle).unref() : settle()));
  } catch {
    settle();
  }
}

function ignore(): void {
  // Nobody can be told.
}
