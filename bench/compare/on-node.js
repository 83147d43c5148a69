'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { obtainNode } = require('../../test/matrix/obtain-node');

/**
 * Runs a benchmark by another Node.js, all of its processes.
 * @param wanted the path of a binary, or a version as the matrix of the tests takes it: `24`
 */
function runOn(wanted, script, args) {
  const binary = /^\d+(\.\d+)*$/.test(wanted)
    ? path.join(obtainNode(wanted, (line) => process.stderr.write(`${line}\n`)).folder, 'node')
    : path.resolve(wanted);
  const { error, status } = spawnSync(binary, [script, ...args], { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

module.exports = { runOn };
