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
 * Does it again where it took as long as that, twice at most: a wait of ours is in every run, one for a busy machine is not.
 *
 * @param run resolves to the milliseconds that it took
 */
export async function untilQuick(run: () => Promise<number>, withinMs: number): Promise<void> {
  const took: number[] = [];
  do {
    took.push(await run());
    if (took.at(-1)! < withinMs) return;
  } while (took.length < 3);
  throw new Error(`expected less than ${withinMs} ms in one of three runs, took ${took.map(Math.round).join(', ')} ms`);
}

function describe(answer: unknown): string {
  return answer instanceof Error ? answer.message : JSON.stringify(answer);
}
