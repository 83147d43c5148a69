import { bunyan } from './bunyan';
import { pino } from './pino';
import { winston } from './winston';
import { together, type Undo } from '../patch';
import type { LineHooks } from './line-hooks';

export { LineHooks } from './line-hooks';

/** The loggers of the application ask for each line that they write. */
export function hookLoggers(hooks: LineHooks): Undo {
  return together([pino(hooks), winston(hooks), bunyan(hooks)]);
}
