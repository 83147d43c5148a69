'use strict';

/*
 * Of the declarations that tsc writes beside every module, only those are published that somebody can get at from the
 * package's entries; the others are a quarter of a megabyte that nobody could import.
 */

const fs = require('node:fs');
const path = require('node:path');

const { exports: entries } = require('../package.json');

/** `import … from './x'`, `export … from './x'`, `import('./x')`. */
const RELATIVE = /(?:\bfrom |\bimport\()['"](\.[^'"]+)['"]/g;

function fileOf(folder, id) {
  const found = [`${id}.d.ts`, `${id}/index.d.ts`].map((name) => path.join(folder, name)).find(fs.existsSync);
  if (!found) throw new Error(`a declaration in ${folder} names ${id}, which is not there`);
  return found;
}

/** @param dist the folder that the entries call `dist`: it may go by another name as yet */
function reachable(dist) {
  const files = Object.values(entries).flatMap(({ types }) =>
    types ? [path.join(dist, path.relative('dist', types))] : [],
  );
  const found = new Set(files);
  for (const file of found) {
    for (const [, id] of fs.readFileSync(file, 'utf8').matchAll(RELATIVE)) found.add(fileOf(path.dirname(file), id));
  }
  return found;
}

/** Removes from `dist` the declarations that no entry leads to. */
function keepReachable(dist) {
  const kept = reachable(dist);
  for (const name of fs.readdirSync(dist, { recursive: true })) {
    const file = path.join(dist, name);
    if (name.endsWith('.d.ts') && !kept.has(file)) fs.rmSync(file);
  }
}

module.exports = { keepReachable };
