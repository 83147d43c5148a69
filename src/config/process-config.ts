import type { Cluster } from 'node:cluster';
import { hostname } from 'node:os';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { Config } from './config';
import { takeFlags } from './sources/flags';
import { mainScriptOf, pm2Environment, type WorkerPlace } from './sources/environment';
import type { Options } from '../api/options';
import { resolveConfig, type Sources } from './resolve';

/** What can be learned of this process once only, since learning it takes it away. */
interface ProcessFacts {
  readonly mainScript: string | undefined;
  /** The primary's first, then our own, which go before. */
  readonly args: readonly string[];
  /** In `cluster`; undefined: this is no worker. */
  readonly worker: WorkerPlace | undefined;
}

let birth: ProcessFacts | undefined;

/**
 * The configuration of this process. Takes our flags out of `process.argv`, in place and even if they are wrong, and
 * sees to it that workers of `cluster` get them. Throws `AgentError` with every fault.
 */
export function processConfig(options?: Options): Config {
  birth ??= readBirth();
  // Before anything can be found wrong with them: workers would otherwise run as if they had not been given.
  if (birth.args.length > 0) handOn(birth, false);
  const config = resolveConfig(sourcesOf(birth, options));
  // Without flags, a worker has to know of us only where both would go by one name.
  const sharesName = config.enabled && config.instanceName !== undefined;
  if (birth.args.length > 0 || sharesName) handOn(birth, config.enabled);
  return config;
}

function handOn({ worker, args }: ProcessFacts, isTraced: boolean): void {
  // A thread may share the environment with the primary that it is part of.
  if (!worker && isMainThread) writeHandover(process.env, { pid: process.pid, args, isTraced });
}

function sourcesOf({ mainScript, args, worker }: ProcessFacts, options: Options | undefined): Sources {
  const toCome = pm2Environment(process.argv, process.env);
  return {
    options,
    args,
    env: toCome ? { ...process.env, ...toCome } : process.env,
    cwd: workingDirectory(toCome?.['pm_cwd'], mainScript),
    mainScript,
    hostname: hostname(),
    pid: process.pid,
    worker,
  };
}

function readBirth(): ProcessFacts {
  const id = readWorkerId();
  // It is from this very process where our modules are loaded twice: the other copy has emptied `process.argv` already.
  const handover = readHandover(process.env, id === undefined ? process.pid : process.ppid);
  const { argv, execArgv } = process;
  const mainScript = mainScriptOf({ argv, execArgv, env: pm2Environment(argv, process.env) ?? process.env });
  const { taken, rest } = takeFlags(process.argv);
  if (taken.length > 0) process.argv.splice(0, Infinity, ...rest);
  return {
    mainScript,
    args: [...(handover?.args ?? []), ...taken],
    worker: id === undefined ? undefined : { id, isPrimaryTraced: handover?.isTraced ?? false },
  };
}

/**
 * A worker has a channel to its primary, so only then is `cluster` worth loading. By now Node has taken
 * `NODE_UNIQUE_ID` out of the environment.
 */
function readWorkerId(): number | undefined {
  if (typeof process.send !== 'function') return undefined;
  // The module itself is the object that its types know as the default export.
  return (process.getBuiltinModule('node:cluster') as unknown as Cluster).worker?.id;
}

/** @param toCome where pm2 is going to change to */
function workingDirectory(toCome: string | undefined, mainScript: string | undefined): string {
  if (toCome !== undefined && path.isAbsolute(toCome)) return toCome;
  // It may have been removed under us.
  try {
    return process.cwd();
  } catch {
    return mainScript === undefined ? path.parse(process.execPath).root : path.dirname(mainScript);
  }
}

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
function writeHandover(env: Env, handover: Handover): void {
  env[VARIABLE] = JSON.stringify(handover);
}

/** @param pid of whom it has to be: for a worker its primary, for everybody else the process itself */
function readHandover(env: Env, pid: number): Handover | undefined {
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
