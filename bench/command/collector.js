'use strict';

const { startCollector } = require('../../dist/testing/index.js');

/*
 * A backend in a process of its own, until its parent hangs up. Told `wipe`, it goes down, says `away`, and comes back
 * with an empty storage when it is told to.
 */
async function main() {
  const collector = await startCollector({ idDelayMs: Number(process.argv[2]) });
  const told = (word) =>
    new Promise((resolve) => {
      process.on('message', function hear(message) {
        if (message !== word) return;
        process.removeListener('message', hear);
        resolve();
      });
    });
  process.on('message', async (message) => {
    if (message !== 'wipe') return;
    await collector.wipe(async () => {
      const comesBack = told('come back');
      process.send({ away: true });
      await comesBack;
    });
    process.send({ back: Date.now() });
  });
  process.once('disconnect', () => void collector.stop());
  process.send({ address: collector.address });
}

void main();
