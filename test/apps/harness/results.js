'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { CACHE, writeJson } = require('./cache');

const FILE = path.join(CACHE, 'results.json');

/** Results of earlier runs, one for each case and line of Node. */
function readResults() {
  try {
    return JSON.parse(fs.readFileSync(FILE, 'utf8'));
  } catch {
    return [];
  }
}

const lineOf = ({ node }) => node.split('.')[0];

/** @param tarball the hash of what was tried */
function keepResult(tarball, result) {
  const isOther = (old) => old.name !== result.name || lineOf(old) !== lineOf(result);
  writeJson(FILE, [...readResults().filter(isOther), { ...result, tarball }]);
}

/** A line of the table, and below it what was found. */
function rowOf({ name, package: of, version, node, result, differences, known, endpoints, seconds }) {
  const head = `${result.padEnd(8)}${name.padEnd(24)} ${`${of} ${version}`.padEnd(44)} Node ${node.padEnd(9)} ${seconds} s`;
  const below = [
    ...differences.map((text) => `${result === 'skipped' ? 'reason' : 'difference'}: ${text}`),
    ...known.map((reason) => `known: ${reason}`),
    ...(endpoints.length > 0 ? [`endpoints: ${endpoints.join(', ')}`] : []),
  ];
  return [head, ...below.map((text) => text.replace(/^/gm, '        '))].join('\n');
}

module.exports = { keepResult, readResults, rowOf };
