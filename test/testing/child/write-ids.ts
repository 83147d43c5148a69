import { systemClock } from '../../../src/base/clock';
import { stderrLogger } from '../../../src/base/log';
import { Registry } from '../../../src/testing/registry/registry';
import { rowsFor } from '../../../src/testing/registry/rows';
import { DirectoryStore } from '../../../src/testing/store/directory-store';

/** A node of its own process: registers the names it is told to, and prints each id once it is durable. */
async function main([directory = '', ...names]: readonly string[]): Promise<void> {
  const store = new DirectoryStore(directory);
  await store.open();
  const registry = new Registry({
    store,
    clock: systemClock,
    logger: stderrLogger,
    idDelayMs: 0,
    deafMs: 0,
    hasRegistrar: () => true,
    maxNames: 1_000_000,
  });
  // Timers of the clock hold no process up.
  const door = setInterval(() => undefined, 1_000);
  for (const name of names) {
    for (;;) {
      const [row] = await registry.getOrCreate<'service'>([rowsFor.service(name)]);
      if (row) {
        process.stdout.write(`${row.id} ${name}\n`);
        break;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  clearInterval(door);
}

void main(process.argv.slice(2));
