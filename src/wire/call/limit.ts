import { messageOf } from '../../base/errors';
import type { Clock } from '../../base/clock';

/** A bound on something that waits: it aborts after a time, or when one of those who asked for it gives up. */
export interface Limit {
  readonly signal: AbortSignal;
  /** The time was up, as opposed to: somebody gave up. */
  readonly isOverdue: boolean;
  /** Why it aborted. */
  readonly reason: string;
  /** It is done: takes the timer and the listeners back. */
  lift(): void;
}

export function limit(clock: Clock, ms: number, ...parents: readonly AbortSignal[]): Limit {
  const controller = new AbortController();
  let isOverdue = false;
  const timer = clock.after(ms, () => {
    isOverdue = true;
    controller.abort(new Error(`no answer within ${ms} ms`));
  });
  const giveUp = (): void => controller.abort(parents.find(({ aborted }) => aborted)?.reason);
  const lift = (): void => {
    timer.cancel();
    for (const parent of parents) parent.removeEventListener('abort', giveUp);
  };
  for (const parent of parents) parent.addEventListener('abort', giveUp);
  controller.signal.addEventListener('abort', lift, { once: true });
  if (parents.some(({ aborted }) => aborted)) giveUp();
  return {
    signal: controller.signal,
    get isOverdue() {
      return isOverdue;
    },
    get reason() {
      return messageOf(controller.signal.reason);
    },
    lift,
  };
}
