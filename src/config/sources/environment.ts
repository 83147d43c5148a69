import type { ProvidedValue } from './settings';
import { VARIABLE_ALIASES } from '../names/aliases';
import { OPTION_ROWS, type OptionRow } from '../option-table';
import path from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** What the environment says. An empty variable counts as not set. */
export function readEnvironment(env: Env): readonly ProvidedValue[] {
  return OPTION_ROWS.flatMap((row) => {
    const variable = row.environment.find((name) => (env[name] ?? '') !== '');
    const given = variable === undefined ? aliasOf(row, env) : { variable, value: env[variable] };
    if (!given) return [];
    return [{ row, value: given.value, layer: 'environment', source: `environment ${given.variable}` } as const];
  });
}

/** What a variable of another agent says for an option. */
function aliasOf(row: OptionRow<unknown>, env: Env): { readonly variable: string; readonly value: string } | undefined {
  for (const { variable, option, translate, mayBeEmpty } of VARIABLE_ALIASES) {
    // First, since to read a variable of `process.env` is a call into the system.
    if (option !== row.name) continue;
    const text = env[variable];
    if (text === undefined || (text === '' && !mayBeEmpty)) continue;
    const value = translate ? translate(text) : text;
    if (value !== undefined) return { variable, value };
  }
  return undefined;
}

const CONTAINER = /^ProcessContainer\w*\.js$/;

/** pm2 starts a script of its own, which loads the application once preloaded modules have run. */
function isPm2Container(script: string): boolean {
  return CONTAINER.test(path.basename(script));
}

/**
 * What pm2 has yet to put into the environment: in cluster mode it hands that over as JSON in one variable, and spreads
 * it after preloaded modules have run. `undefined`: nothing.
 */
export function pm2Environment(argv: readonly string[], { pm2_env: text }: Env): Env | undefined {
  return text === undefined || !isPm2Container(argv[1] ?? '') ? undefined : parse(text);
}

function parse(text: string): Env {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values !== 'object' || values === null) return {};
    // As an assignment to `process.env` makes them.
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch {
    return {};
  }
}

interface CommandLine {
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

const EVAL = /^(?:-[ep]|-pe|--eval|--print)(?:=|$)/;

/** The script that Node was started with, absolute; undefined with `node -e`, in a REPL, from stdin. */
export function mainScriptOf({ argv, execArgv, env }: CommandLine): string | undefined {
  const script = argv[1];
  // Node puts the script's absolute path there; with `-e` it is the first argument.
  if (script === undefined || !path.isAbsolute(script) || execArgv.some((arg) => EVAL.test(arg))) return undefined;
  const held = env['pm_exec_path'] ?? '';
  return isPm2Container(script) && path.isAbsolute(held) ? held : script;
}

const RUNNER = /[/\\](?:npm|npx|yarn|pnpm|pnpx|corepack)(?:-cli|-[\d.]+)?(?:\.c?js)?$/;

/**
 * Whether the main script is a package manager. With `NODE_OPTIONS=--require skyanchor/register npm start` it gets the
 * agent as well as the program it starts, would register as an instance of its own, and first claim the name that is
 * meant for the program.
 */
export function isPackageRunner(mainScript: string | undefined): boolean {
  return mainScript !== undefined && RUNNER.test(mainScript);
}

/** How `cluster` numbers this process. */
export interface WorkerPlace {
  /** The worker's id, from 1; a replaced worker's id is not given out again. */
  readonly id: number;
  /** The primary runs an agent too, under the unnumbered name. */
  readonly isPrimaryTraced: boolean;
}

const NUMBER = /^\d{1,6}$/;

/**
 * Which of several processes of one name this is, from 1: where no status file tells which names are taken, the
 * second and later ones get it as a suffix. Processes without a number cannot see each other and share the name.
 *
 * - pm2 counts the instances of an application from 0 in `NODE_APP_INSTANCE`: 0 is the first. Where its user has
 *   renamed that variable (`instance_var`), `pm_id` is left, which counts over all applications.
 * - `cluster` counts workers from 1: worker 1 is the first, unless the primary is.
 */
export function processNumber(
  env: Readonly<Record<string, string | undefined>>,
  worker: WorkerPlace | undefined,
): number {
  // pm2's own workers are workers of `cluster` as well, whose ids count over all of pm2: its number goes first.
  const pm2 = [env['NODE_APP_INSTANCE'], env['pm_id']].find((text) => text !== undefined && NUMBER.test(text));
  if (pm2 !== undefined) return Number(pm2) + 1;
  if (worker) return worker.id + (worker.isPrimaryTraced ? 1 : 0);
  return 1;
}
