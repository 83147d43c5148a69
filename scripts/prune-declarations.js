'use strict';

/*
 * tsc writes a declaration beside every module. Only those that the package's entries lead to are published; the others
 * are a quarter of a megabyte that no user could import.
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

/** @param dist the folder that the entries call `dist`; it may still have another name */
function reachableFrom(dist) {
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
function pruneDeclarations(dist) {
  const kept = reachableFrom(dist);
  for (const name of fs.readdirSync(dist, { recursive: true })) {
    const file = path.join(dist, name);
    if (name.endsWith('.d.ts') && !kept.has(file)) fs.rmSync(file);
  }
}

module.exports = { pruneDeclarations };
