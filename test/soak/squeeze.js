'use strict';

/**
 * Makes a clock go faster: what it waits for, and how long it says that something took. The wall clock stays, since the
 * files are dated by it.
 */
function squeeze(clock, speed) {
  const { after, elapsed } = clock;
  clock.elapsed = () => elapsed() * speed;
  clock.after = (ms, fn) => after(ms / speed, fn);
}

module.exports = { squeeze };
