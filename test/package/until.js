'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** Waits for what `read` returns to be something. */
async function until(read, what, timeoutMs = 15_000) {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await pause(20)) {
    const value = await read();
    if (value) return value;
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`);
}

module.exports = { until };
