import { breachOfPromise } from './breach-of-promise';
import { Chance } from './chance';
import { makeInput } from './make-input';

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** The first one's number; to see one input again, with a count of 1. */
  readonly from?: number;
  /** Told before each input. */
  onInput?(number: number): void;
}

export interface Find {
  readonly number: number;
  readonly what: string;
  readonly input: Buffer;
}

export interface FuzzResult {
  readonly finds: readonly Find[];
  /** Budget of CPU time. */
  readonly slowestMs: number;
}

const MAX_FINDS = 10;
/** A hundred times what the largest input takes. */
const LONGEST_MS = 2_000;

/** Reads one input after the other. Each is made from the seed and its number alone. */
export function fuzz({ seed, count, from = 0, onInput }: FuzzOptions): FuzzResult {
  const finds: Find[] = [];
  let slowestMs = 0;
  for (let number = from; number < from + count && finds.length < MAX_FINDS; number++) {
    onInput?.(number);
    const chance = new Chance(seed * 1_000_003 + number);
    const input = makeInput(chance);
    const before = process.cpuUsage();
    const what = outcomeOf(() => breachOfPromise(input, chance));
    const { user, system } = process.cpuUsage(before);
    const tookMs = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, tookMs);
    if (what !== undefined) finds.push({ number, what, input });
    else if (tookMs > LONGEST_MS) finds.push({ number, what: `took ${Math.round(tookMs)} ms`, input });
  }
  return { finds, slowestMs };
}

function outcomeOf(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    return `threw ${String(error)}`;
  }
}
