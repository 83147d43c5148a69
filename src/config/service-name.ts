import path from 'node:path';
import { OPTION_TABLE } from './option-table';

/** `node -e`, a REPL and a program from stdin have no script and may run where there is no package either. */
const NAMELESS = 'node';

/** The service's name where nobody has given one. */
export function defaultServiceName(packageName: string | undefined, mainScript: string | undefined): string {
  const candidates = [packageName, mainScript === undefined ? undefined : path.basename(mainScript)];
  const { kind } = OPTION_TABLE.serviceName;
  return candidates.find((name) => name !== undefined && kind.accept(name) !== undefined) ?? NAMELESS;
}
