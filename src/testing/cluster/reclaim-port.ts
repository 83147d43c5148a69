import { systemClock } from '../../base/clock';

const EVERY_MS = 50;
const PATIENCE_MS = 5_000;

/** Opens something on a port that was ours a moment ago. Somebody may be in it for a moment; then they are waited for. */
export async function reclaimPort<T>(port: number, open: (port: number) => Promise<T>): Promise<T> {
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
