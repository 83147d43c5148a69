import { existsSync } from 'node:fs';
import path from 'node:path';

interface SpawnedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The arguments are a command line already. */
  readonly isVerbatim: boolean;
}

const BATCH = /\.(cmd|bat)$/i;
/** What neither cmd.exe nor a program's own parser of its command line takes for anything but itself. */
const PLAIN = /^[\w\-./\\:=@+,~]+$/;

/**
 * How Windows starts a command. Node starts only .exe and .com by a bare name, and a .cmd, such as npm, npx and all of
 * node_modules/.bin are, only through cmd.exe.
 *
 * @param env with `Path`, `PATHEXT` and `ComSpec`, in any case
 */
export function windowsCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): SpawnedCommand {
  const file = find(command, env);
  if (file === undefined || !BATCH.test(file)) return { command, args, isVerbatim: false };
  const line = [`"${file}"`, ...args.map(quote)].join(' ');
  return {
    command: variable(env, 'ComSpec') ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${line}"`],
    isVerbatim: true,
  };
}

/** As cmd.exe looks for it: in the working directory, then in those of `Path`. */
function find(command: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const extensions = (variable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const isPath = /[\\/]/.test(command);
  const folders = isPath ? [''] : ['', ...(variable(env, 'Path') ?? '').split(';').filter(Boolean)];
  const hasExtension = extensions.some((extension) => command.toLowerCase().endsWith(extension.toLowerCase()));
  const ends = hasExtension ? ['', ...extensions] : extensions;
  for (const folder of folders) {
    for (const end of ends) {
      const file = path.resolve(folder.replace(/^"(.*)"$/, '$1'), `${command}${end}`);
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}

function variable(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const key = Object.keys(env).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : env[key];
}

/**
 * First for the program that the batch file starts: in quotes, with a backslash before each quote in it, and those
 * backslashes doubled that stand before a quote. Then for cmd.exe, which reads it twice: as its own line, and as the line of
 * the batch file that has `%*` in it.
 */
function quote(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  const quoted = `"${argument.replace(/(\\*)("|$)/g, (_, slashes: string, end: string) => slashes + slashes + (end && '\\"'))}"`;
  const escape = (text: string): string => text.replace(/[()%!^"<>&|]/g, '^$&');
  return escape(escape(quoted));
}
