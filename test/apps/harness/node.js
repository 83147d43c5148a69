'use strict';

const path = require('node:path');
const { obtainNode } = require('../../matrix/obtain-node');

/** @param version such as `22`; undefined: the one that runs this @returns its folder and its version in full */
function nodeOf(version) {
  const { node } = process.versions;
  if (version === undefined || node.startsWith(`${version}.`))
    return { folder: path.dirname(process.execPath), version: node };
  return obtainNode(version, (line) => process.stderr.write(`${line}\n`));
}

/** @returns why something that needs this version cannot run there; undefined: it can */
function isTooOld(node, minNode) {
  const [wanted, present] = [minNode, node.version].map((text) => text.split('.').map(Number));
  const isOlder = present[0] < wanted[0] || (present[0] === wanted[0] && present[1] < (wanted[1] ?? 0));
  return isOlder ? `needs Node ${minNode}` : undefined;
}

module.exports = { isTooOld, nodeOf };
