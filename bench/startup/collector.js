'use strict';

const { startCollector } = require('../../dist/testing/index.js');

// A backend in a process of its own, until the benchmark hangs up.
startCollector({ idDelayMs: 0 }).then((collector) => {
  process.stdout.write(collector.address);
  process.stdin.resume().once('end', () => void collector.stop());
});
