import path from 'node:path';
import { isPm2Container } from './pm2';

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
