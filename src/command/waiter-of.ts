import type { Waiter } from './file-lock';
import type { Patience } from './patience';

/** Waits for a lock as long as the patience lasts, which is as long as the lock goes from hand to hand. */
export function waiterOf(patience: Patience): Waiter {
  return { isPatient: false, isOver: () => patience.isOver, onHandover: () => patience.renew() };
}
