'use strict';

/*
 * Under callgrind a process is fifty times slower, and what the agent does by time (flushes, heartbeats) would fall on
 * fifty times fewer requests. So its timers are as much slower: batches go when they are full, as under load.
 */

const SLOWER = 100;
/** A timer with a longer delay would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
const { setTimeout, setInterval } = globalThis;

const slower = (ms) => Math.min(ms * SLOWER, LONGEST_MS);

globalThis.setTimeout = (work, ms = 0, ...more) => setTimeout(work, slower(ms), ...more);
globalThis.setInterval = (work, ms = 0, ...more) => setInterval(work, slower(ms), ...more);
