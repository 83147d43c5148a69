import type { State } from './soak-process';

/** While more segments than this wait, the memory that they take is theirs. */
const QUIET_SEGMENTS = 200;
/** The code is loaded and compiled, and every fault has been met once or twice. */
const WARM_UP_SHARE = 0.3;
/** By fewer samples nothing is judged. */
const FEWEST_SAMPLES = 30;

export interface Growth {
  /** Over the run without its first third, by the line of least squares through the samples. */
  readonly heapBytes: number;
  readonly descriptors: number;
}

/** @returns undefined: there are too few samples to say */
export function growthOf(states: readonly State[]): Growth | undefined {
  const warm = states.slice(Math.floor(states.length * WARM_UP_SHARE));
  const quiet = warm.filter(({ segments: { buffered, inFlight } }) => buffered + inFlight < QUIET_SEGMENTS);
  if (quiet.length < FEWEST_SAMPLES) return undefined;
  const rise = (value: (state: State) => number): number =>
    Math.round(riseOf(quiet.map((state) => [state.at, value(state)])));
  return { heapBytes: rise(({ heapBytes }) => heapBytes), descriptors: rise(({ descriptors }) => descriptors) };
}

/** How much a straight line through the points rises from the first to the last. */
export function riseOf(points: readonly (readonly [x: number, y: number])[]): number {
  const { length } = points;
  if (length < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / length;
  const along = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const square = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return square === 0 ? 0 : (along / square) * (points[length - 1]![0] - points[0]![0]);
}
