'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Names the owner: the host too, since two containers may share a folder and count their processes alike. */
const ownedBy = (prefix) => `${prefix}${os.hostname()}-`;

function removeOrphans(parent, prefix) {
  const mine = ownedBy(prefix);
  for (const name of fs.readdirSync(parent)) {
    const [, pid] = (name.startsWith(mine) && /^(\d+)-\w+$/.exec(name.slice(mine.length))) || [];
    if (pid === undefined || lives(Number(pid))) continue;
    try {
      fs.rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch {
      // Its server is just ending and still writes; the next one to come takes it away.
    }
  }
}

/**
 * A folder for this process. A process that was killed could not tidy up after itself, so whoever comes next does:
 * folders with the same prefix whose owner is gone are removed first.
 */
function makeScratch(parent, prefix) {
  fs.mkdirSync(parent, { recursive: true });
  removeOrphans(parent, prefix);
  return fs.mkdtempSync(path.join(parent, `${ownedBy(prefix)}${process.pid}-`));
}

module.exports = { makeScratch };
