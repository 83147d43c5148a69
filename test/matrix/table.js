'use strict';

const HEAD = ['Node', 'passed', 'failed', 'skipped', 'seconds'];

function cellsOf({ version, missing, passed, failed, skipped, seconds }) {
  return missing ? [version, '-', '-', '-', '-'] : [version, passed, failed, skipped, seconds].map(String);
}

function remark({ missing, code }) {
  if (missing) return `  not to be had: ${missing}`;
  return code === 0 ? '' : '  failed';
}

/** A line for each version, and below them what has failed on which. */
function table(rows) {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const format = (cells) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ');
  const [head, ...body] = lines.map(format);
  const failures = rows.flatMap(({ version, named = [] }) => named.map((name) => `${version}: ${name}`));
  return [head, ...body.map((line, at) => line + remark(rows[at])), ...failures].join('\n');
}

module.exports = { table };
