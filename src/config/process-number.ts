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
