import type { CommandName } from './usage';

/** Says what is wrong with a call. @returns the exit code for it */
export function wrongUsage(command: CommandName | undefined, ...reasons: readonly string[]): 2 {
  const name = command === undefined ? 'skyanchor' : `skyanchor ${command}`;
  for (const reason of reasons) process.stderr.write(`${name}: ${reason}\n`);
  process.stderr.write(`${name} --help tells more\n`);
  return 2;
}
