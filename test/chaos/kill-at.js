'use strict';

/*
 * Loaded into an application before its agent: ends the process by SIGKILL at one exact step of a command, which is
 * named by KILL_AT as `before|after append|status WORD`: the line with that word goes into the command file, or the status
 * file that shows a command in that state is put into its place.
 */

const { readFileSync } = require('node:fs');
const promises = require('node:fs/promises');

const [moment, where, word] = (process.env.KILL_AT ?? '').split(' ');

function die() {
  process.kill(process.pid, 'SIGKILL');
  // A signal to oneself may take its time, and nothing is to happen meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** The same act, with a death before or after it. */
async function deadly(isMeant, act) {
  if (isMeant && moment === 'before') die();
  const result = await act();
  if (isMeant && moment === 'after') die();
  return result;
}

const { open, rename } = promises;

promises.open = async (...args) => {
  const handle = await open(...args);
  const { write } = handle;
  handle.write = (bytes, ...rest) => {
    const isStamp = where === 'append' && String(bytes).includes(` ${word} `);
    return deadly(isStamp, () => write.call(handle, bytes, ...rest));
  };
  return handle;
};

promises.rename = (from, to) => {
  const isStatus = where === 'status' && readFileSync(from, 'utf8').includes(`"state": "${word}"`);
  return deadly(isStatus, () => rename(from, to));
};
