import { createRequire } from 'node:module';
import { version } from '../agent/version';
import type * as Collector from './collector';
import type * as Demo from './demo';
import { print } from './print';
import type * as Reset from './reset';
import type * as Run from './run';
import type * as Status from './status';
import { isCommandName, usage, type CommandName } from './usage';
import { wrongUsage } from './wrong-usage';

const load = createRequire(__filename);

/** Each is loaded when it is called: the embedded backend alone takes longer than `status`. */
const COMMANDS: Readonly<Record<CommandName, (argv: string[]) => Promise<number>>> = {
  run: (argv) => (load('./run') as typeof Run).run(argv),
  reset: (argv) => (load('./reset') as typeof Reset).reset(argv),
  status: (argv) => (load('./status') as typeof Status).status(argv),
  collector: (argv) => (load('./collector') as typeof Collector).collector(argv),
  demo: (argv) => (load('./demo') as typeof Demo).demo(argv),
};

/** @param argv after the program's own name @returns the exit code */
export async function dispatch(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  const command = isCommandName(name) ? name : undefined;
  // What stands behind a bare `--` is another program's.
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (own.includes('--help') || own.includes('-h')) return succeed(usage(command));
  if (own.includes('--version') || own.includes('-v')) return succeed(`${version}\n`);
  if (command) return COMMANDS[command](args);
  if (name !== undefined) return wrongUsage(undefined, `there is no command ${name}`);
  process.stderr.write(usage());
  return 2;
}

function succeed(text: string): number {
  print(text);
  return 0;
}
