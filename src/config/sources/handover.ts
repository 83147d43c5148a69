/** What a primary hands on to its workers. */
interface Handover {
  /** The id of the primary process. */
  readonly pid: number;
  /** Our arguments, which it has taken out of `process.argv` and so out of what `cluster` gives its workers. */
  readonly args: readonly string[];
  /** It runs an agent, under the name without a number. */
  readonly isTraced: boolean;
}

type Env = Record<string, string | undefined>;

const VARIABLE = 'SKYANCHOR_PRIMARY';

/**
 * Puts it into the environment, for that is the one thing that `cluster` always hands on, and where it can be put
 * without loading `cluster` or patching it. Every other child process gets it as well, and is not meant: see below.
 */
export function writeHandover(env: Env, handover: Handover): void {
  env[VARIABLE] = JSON.stringify(handover);
}

/** @param pid of whom it has to be: for a worker its primary, for everybody else the process itself */
export function readHandover(env: Env, pid: number): Handover | undefined {
  const handover = parse(env[VARIABLE] ?? '');
  return handover?.pid === pid ? handover : undefined;
}

function parse(text: string): Handover | undefined {
  try {
    const { pid, args, isTraced } = JSON.parse(text) as Partial<Record<keyof Handover, unknown>>;
    if (typeof pid !== 'number' || !Array.isArray(args)) return undefined;
    return { pid, args: args.filter((arg) => typeof arg === 'string'), isTraced: isTraced === true };
  } catch {
    return undefined;
  }
}
