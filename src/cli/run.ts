import { hostname, constants } from 'node:os';
import path from 'node:path';
import { takeFlags } from '../config/sources/flags';
import { wrongUsage } from './print';
import { windowsCommand } from './windows-command';
import { spawn, type ChildProcess } from 'node:child_process';
import { isatty } from 'node:tty';
import { errorMessage } from '../base/text';
import type { Fault } from '../api/errors';
import { readNamedFile } from '../config/sources/config-file';
import { type ProvidedValue, Settings } from '../config/sources/settings';
import { fillInstanceName, type PlaceholderContext } from '../config/option-type';
import { OPTION_TABLE } from '../config/option-table';

/**
 * `NODE_OPTIONS` that also preloads a file. Node splits it at blanks; in double quotes a blank is none, and a backslash
 * takes the next character as it is.
 */
function withRequire(nodeOptions: string | undefined, file: string): string {
  const quoted = `--require "${file.replace(/["\\]/g, '\\$&')}"`;
  const before = nodeOptions?.trim() ?? '';
  return before === '' ? quoted : `${before} ${quoted}`;
}

/** A terminal sends these to all processes in the foreground, so to the child as well. */
const OF_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGHUP'];
const SIGNALS: readonly NodeJS.Signals[] = [...OF_TERMINAL, 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];

const CANNOT_START = 126;
const NOT_FOUND = 127;

/** Runs a program in our place: with our input and output, with the signals that we get. Ends as it does. */
function runChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = start(command, args, env);
    const stop = passSignals(child);
    child.once('error', (error: NodeJS.ErrnoException) => {
      // For a running child it only means that a signal could not be sent.
      if (child.pid !== undefined) return;
      stop();
      const isMissing = error.code === 'ENOENT';
      process.stderr.write(`skyanchor run: ${command}: ${isMissing ? 'command not found' : errorMessage(error)}\n`);
      resolve(isMissing ? NOT_FOUND : CANNOT_START);
    });
    child.once('exit', (code, signal) => {
      stop();
      resolve(signal === null ? (code ?? 0) : endBy(signal));
    });
  });
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  if (process.platform !== 'win32') return spawn(command, args, { env, stdio: 'inherit' });
  const { isVerbatim, ...spawned } = windowsCommand(command, args, env);
  return spawn(spawned.command, spawned.args, { env, stdio: 'inherit', windowsVerbatimArguments: isVerbatim });
}

/** @returns stops it */
function passSignals(child: ChildProcess): () => void {
  // At a terminal, Ctrl+C has reached the child already. A second signal would mean "at once" to many programs.
  // (`process.stdin` is not asked: opening it would make a pipe non-blocking, which the child shares.)
  const isAtTerminal = isatty(0);
  const pass = (signal: NodeJS.Signals): void => {
    if (!(isAtTerminal && OF_TERMINAL.includes(signal))) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, pass);
  };
}

/** @returns the exit code that a shell would show, for where the signal is ignored (`nohup`) */
function endBy(signal: NodeJS.Signals): number {
  process.kill(process.pid, signal);
  return 128 + constants.signals[signal];
}

const REGISTER = path.join(__dirname, '..', 'register.js');

/** `skyanchor run [--name value…] -- command…` */
export async function run(argv: readonly string[]): Promise<number> {
  const { given, faults, rest } = takeFlags(argv, '--');
  const variables = toEnvironment(given, {
    cwd: process.cwd(),
    hostname: hostname(),
    pid: process.pid,
    env: process.env,
  });
  const reasons = [...faults, ...variables.faults].map(
    ({ name, value, source, expected }) => `${name} = ${value} (${source}): expected ${expected}`,
  );
  const at = rest.indexOf('--');
  const [command = '', ...args] = at === -1 ? [] : rest.slice(at + 1);
  if (at !== 0 && rest.length > 0) reasons.push(`${rest[0] ?? ''}: expected -- before the command`);
  else if (command === '') reasons.push('expected a command behind --');
  if (reasons.length > 0) return wrongUsage('run', ...reasons);
  const NODE_OPTIONS = withRequire(process.env['NODE_OPTIONS'], REGISTER);
  return runChild(command, args, { ...process.env, ...variables.env, NODE_OPTIONS });
}

interface EnvironmentVariables {
  readonly env: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
}

/**
 * Flags as variables that say the same, for a process that is yet to be started. Paths are made absolute, since it may
 * work elsewhere; placeholders stay, since they are its own.
 */
function toEnvironment(
  given: readonly ProvidedValue[],
  { cwd, ...surroundings }: PlaceholderContext & { cwd: string },
): EnvironmentVariables {
  const settings = new Settings([given]);
  const env: Record<string, string> = {};
  for (const { row, value } of given) {
    settings.read(row);
    const text = String(value);
    const [variable] = row.environment;
    if (variable !== undefined) env[variable] = row.isPath ? path.resolve(cwd, text) : text;
  }
  const name = settings.read(OPTION_TABLE.instanceName);
  if (name) {
    const filled = fillInstanceName(name.value, surroundings);
    if (filled.type === 'fault') settings.fault(name.given, filled.expected);
  }
  const file = settings.read(OPTION_TABLE.config);
  return { env, faults: [...settings.found, ...(file ? readNamedFile(file.given, cwd).faults : [])] };
}
