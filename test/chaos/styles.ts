import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `echo` of a real shell, `$0` the text and `$1` the file. */
export const sh =
  (script: string) =>
  async (text: string, file: string): Promise<void> => {
    await run('sh', ['-c', `umask 022; ${script}`, text, file]);
  };

export type Style = (text: string, file: string) => Promise<void>;

/** Nothing that stands in the file is lost. */
export const APPENDING: readonly Style[] = [
  sh('echo "$0" >> "$1"'),
  sh('printf "\\n# %s\\n\\n%s\\n" note "$0" >> "$1"'),
  sh('printf %s "$0" >> "$1"; sleep 0.05; echo >> "$1"'),
  sh('echo "$0" | dd of="$1" oflag=append conv=notrunc status=none'),
];

/** As PowerShell writes; only a writer of the same encoding may append to it. */
export const FOREIGN: Style = sh('(printf "\\377\\376"; echo "$0" | iconv -t UTF-16LE) > "$1.new"; mv "$1.new" "$1"');

/** At one stroke: an agent's stamp goes into the one file or into the other. */
export const SWAPPING: Style = sh('echo "$0" > "$1.new"; mv "$1.new" "$1"');

/** What stands in the file goes, or is copied while agents may be writing to it. */
export const REPLACING: readonly Style[] = [
  sh('echo "$0" > "$1"'),
  SWAPPING,
  sh('rm -f "$1"; echo "$0" > "$1"'),
  sh('sed -i "\\$a $0" "$1"'),
];
