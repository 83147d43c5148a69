export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Reads again and again until the answer pleases; rejects with the last answer. */
export async function until<T>(
  read: () => T | Promise<T>,
  pleases: (answer: T) => unknown = Boolean,
  { timeoutMs = 20_000, everyMs = 10 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await read();
    if (pleases(answer)) return answer;
    if (performance.now() >= deadline)
      throw new Error(`not within ${timeoutMs} ms; the last answer was ${describe(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * Does it again until it has taken less than that. A wait of ours is in every run, one for a busy machine is not.
 *
 * @param run resolves to the milliseconds that it took
 */
export function untilQuick(run: () => Promise<number>, withinMs: number): Promise<number> {
  return until(run, (tookMs) => tookMs < withinMs, { timeoutMs: 30_000 });
}

function describe(answer: unknown): string {
  return answer instanceof Error ? answer.message : JSON.stringify(answer);
}
