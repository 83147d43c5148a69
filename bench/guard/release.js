'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
/** Stands for the last release while there is no tag. */
const BEFORE_THE_FIRST = '92c7945';

function run(command, args, cwd = ROOT) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || `ended with ${status}`}`);
  return stdout.trim();
}

function lastRelease() {
  try {
    return run('git', ['describe', '--tags', '--abbrev=0']);
  } catch {
    return BEFORE_THE_FIRST;
  }
}

/**
 * Builds a commit in a directory of its own, with the packages of this one.
 * @returns `{ index, remove }`
 */
function buildOf(ref) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-release-'));
  const remove = () => fs.rmSync(directory, { recursive: true, force: true });
  try {
    const archive = path.join(directory, 'source.tar');
    run('git', ['archive', '--output', archive, ref]);
    run('tar', ['-xf', archive], directory);
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'), 'dir');
    run(process.execPath, ['scripts/setup.js', 'build'], directory);
  } catch (error) {
    remove();
    throw error;
  }
  return { index: path.join(directory, 'dist', 'index.js'), remove };
}

module.exports = { buildOf, lastRelease };
