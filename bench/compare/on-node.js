'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { obtainNode } = require('../../test/matrix/obtain-node');

/**
 * Runs a benchmark by other Node.js, all of its processes.
 * @param wanted a list of paths of binaries, and of versions as the matrix of the tests takes them: `22,24`
 * @param stdout `pipe`: what each writes is returned
 */
function runOn(wanted, script, args, stdout = 'inherit') {
  return wanted.split(',').map((one) => {
    const {
      error,
      status,
      stdout: written,
    } = spawnSync(binaryOf(one), [script, ...args], {
      stdio: ['inherit', stdout, 'inherit'],
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (error) throw error;
    if (status !== 0) process.exitCode = status ?? 1;
    return written;
  });
}

function binaryOf(wanted) {
  if (!/^\d+(\.\d+)*$/.test(wanted)) return path.resolve(wanted);
  return path.join(obtainNode(wanted, (line) => process.stderr.write(`${line}\n`)).folder, 'node');
}

module.exports = { runOn };
