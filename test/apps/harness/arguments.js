'use strict';

const MAX_JOBS = 2;

const USAGE = 'usage: run.js [NAME…] [--node 20,22,24,26] [--protocol v2|v3] [--jobs 1|2] [--ci]';

/** @param argv what stands after the script's name. Throws on an argument that it does not know */
function readArguments(argv) {
  const read = { names: [], nodes: [], protocol: undefined, jobs: 1, ci: false };
  const rest = argv.flatMap((argument) => (argument.startsWith('--') ? argument.split(/=(.*)/s, 2) : [argument]));
  while (rest.length > 0) {
    const argument = rest.shift();
    if (argument === '--ci') read.ci = true;
    else if (argument === '--node') read.nodes = valueOf(rest, /^\d+(,\d+)*$/).split(',');
    else if (argument === '--protocol') read.protocol = valueOf(rest, /^v[23]$/);
    else if (argument === '--jobs') read.jobs = Math.min(MAX_JOBS, Number(valueOf(rest, /^[1-9]$/)));
    else if (argument.startsWith('-')) throw new Error(USAGE);
    else read.names.push(argument);
  }
  return read;
}

function valueOf(rest, pattern) {
  const value = rest.shift();
  if (value === undefined || !pattern.test(value)) throw new Error(USAGE);
  return value;
}

module.exports = { readArguments };
