#!/usr/bin/env node
import { version } from '../agent/version';
import { lazy } from '../base/lazy';
import { errorMessage } from '../base/text';
import type * as Collector from './collector';
import type * as Demo from './demo';
import type * as Doctor from './doctor/doctor';
import { forTerminal, print, wrongUsage } from './print';
import type * as Reset from './reset';
import type * as Run from './run';
import type * as Spool from './spool';
import type * as Status from './status/status';
import { type CommandName, isCommandName, usage } from './usage';

/** Each is loaded when it is called: the embedded backend alone takes longer than `status`. */
const COMMANDS: Readonly<Record<CommandName, () => (argv: string[]) => Promise<number>>> = {
  run: lazy(() => (require('./run') as typeof Run).run),
  reset: lazy(() => (require('./reset') as typeof Reset).reset),
  status: lazy(() => (require('./status/status') as typeof Status).status),
  doctor: lazy(() => (require('./doctor/doctor') as typeof Doctor).doctor),
  spool: lazy(() => (require('./spool') as typeof Spool).spool),
  collector: lazy(() => (require('./collector') as typeof Collector).collector),
  demo: lazy(() => (require('./demo') as typeof Demo).demo),
};

/** @param argv after the program's own name @returns the exit code */
async function dispatch(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  const command = isCommandName(name) ? name : undefined;
  // What stands behind a bare `--` is another program's.
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (own.includes('--help') || own.includes('-h')) return succeed(usage(command));
  if (own.includes('--version') || own.includes('-v')) return succeed(`${version}\n`);
  if (command) return COMMANDS[command]()(args);
  if (name !== undefined) return wrongUsage(undefined, `there is no command ${name}`);
  process.stderr.write(usage());
  return 2;
}

function succeed(text: string): number {
  print(text);
  return 0;
}

// Not `process.exit`: what was written to a pipe has to get out first.
dispatch(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`skyanchor: ${forTerminal(errorMessage(error))}\n`);
    process.exitCode = 1;
  },
);
