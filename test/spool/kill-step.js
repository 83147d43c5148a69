'use strict';

/*
 * Loaded into an application before its agent: ends the process by SIGKILL at one exact step of its spool, which KILL_AT
 * names as `before|half|after write|rename|unlink ENDING COUNT`: the COUNTth time that a file whose name ends so is
 * written to, put into its place or removed. `half`: half of the bytes are written.
 */

const { writeSync } = require('node:fs');
const promises = require('node:fs/promises');

const [moment, act, ending, count] = (process.env.KILL_AT ?? '').split(' ');
let left = Number(count);

function die() {
  process.kill(process.pid, 'SIGKILL');
  // A signal to oneself may take its time, and nothing is to happen meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

async function deadly(what, path, half, run) {
  const isMeant = what === act && String(path).endsWith(ending) && --left === 0;
  if (isMeant && moment === 'before') die();
  if (isMeant && moment === 'half') {
    half();
    die();
  }
  const result = await run();
  if (isMeant && moment === 'after') die();
  return result;
}

const { open, rename, unlink } = promises;
const nothing = () => undefined;

promises.open = async (path, ...args) => {
  const handle = await open(path, ...args);
  const { write } = handle;
  handle.write = (bytes, offset, length, position) => {
    const half = () => writeSync(handle.fd, bytes, offset, Math.floor(length / 2), position);
    return deadly('write', path, half, () => write.call(handle, bytes, offset, length, position));
  };
  return handle;
};
promises.rename = (from, to) => deadly('rename', to, nothing, () => rename(from, to));
promises.unlink = (path) => deadly('unlink', path, nothing, () => unlink(path));
