import { systemClock } from '../../base/clock';

const FROM = 20_000;
const COUNT = 10_000;
const TRIES = 20;

/**
 * Opens something on a free port between 20000 and 29999. Unlike those that port 0 gives, no outgoing connection can
 * take one of these while the server that owns it is being started again.
 */
export async function claimPort<T>(open: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(FROM + Math.floor(systemClock.random() * COUNT));
    } catch (error) {
      if (tries >= TRIES) throw error;
    }
  }
}
