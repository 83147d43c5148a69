import { systemClock } from '../../base/clock';

const FROM = 20_000;
const COUNT = 10_000;
const TRIES = 20;

/**
 * Opens something on a free port between 20000 and 29999. Unlike those that port 0 gives, no outgoing connection can
 * take one of these while the server that owns it is being started again.
 */
export async function listenOnFreePort<T>(open: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(FROM + Math.floor(systemClock.random() * COUNT));
    } catch (error) {
      if (tries >= TRIES) throw error;
    }
  }
}

const EVERY_MS = 50;
const PATIENCE_MS = 5_000;

/** Listens again on a port that was ours a moment ago. Another process may hold it briefly; then this waits. */
export async function relisten<T>(port: number, open: (port: number) => Promise<T>): Promise<T> {
  const deadline = systemClock.elapsed() + PATIENCE_MS;
  for (;;) {
    try {
      return await open(port);
    } catch (error) {
      if (systemClock.elapsed() >= deadline) throw error;
      await new Promise<void>((resolve) => systemClock.after(EVERY_MS, resolve));
    }
  }
}
