'use strict';

const fs = require('node:fs');
const path = require('node:path');

const REPORTER = path.join(__dirname, 'report-tests.mjs');

/** mocha's report as `{test, file, result}`. */
function readMocha(file, folder) {
  const { passes, failures, pending } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const read = (tests, result) =>
    tests.map((test) => ({ test: test.fullTitle, file: path.relative(folder, test.file ?? folder), result }));
  return [...read(passes, 'passed'), ...read(failures, 'failed'), ...read(pending, 'skipped')];
}

/** A line for each test, as report-tests.mjs writes them. */
function readLines(file, folder) {
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).map((test) => ({ ...test, file: path.relative(folder, test.file) }));
}

module.exports = { REPORTER, readLines, readMocha };
