/*
 * Runs files that are tests by themselves, each in a process of its own, for suites without a program that reports:
 *
 *     node run-files.mjs REPORT CONCURRENCY [OPTION…] -- FILE…
 *
 * A line for each test that has ended goes into the report, as by report-tests.mjs. A file is a test, too, by its exit
 * code. Which tests there were is read from what the file prints, in the way of pg's suite and of poku.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const FILE_TIMEOUT_MS = 90_000;
/** What a test is called is the first group. */
const LINES = [
  [/^ {2}(.+) ✔$/, 'passed'],
  [/^ {2}(.+) FAILED!$/, 'failed'],
  [/^ {2}(.+) \? - SKIPPED$/, 'skipped'],
  [/^\s*[●✔] (.+?)(?: › [\d.]+ms)?$/, 'passed'],
  [/^\s*✘ (.+?)(?: › [\d.]+ms)?$/, 'failed'],
];

const [report, concurrency, ...rest] = process.argv.slice(2);
const options = rest.slice(0, rest.indexOf('--'));
const files = rest.slice(rest.indexOf('--') + 1);
const tests = [];

function testsIn(output) {
  return stripVTControlCharacters(output)
    .split('\n')
    .flatMap((line) => {
      const [pattern, result] = LINES.find(([one]) => one.test(line)) ?? [];
      return pattern === undefined ? [] : [{ test: pattern.exec(line)[1], result }];
    });
}

/** What a test has started holds its pipe, too, so all of it ends. */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

function run(file) {
  return new Promise((resolve, reject) => {
    let output = '';
    const stdio = ['ignore', 'pipe', 'inherit'];
    const child = spawn(process.execPath, [...options, file], { stdio, detached: true });
    child.stdout.on('data', (chunk) => (output += chunk));
    const timer = setTimeout(() => endGroup(child.pid), FILE_TIMEOUT_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      for (const test of testsIn(output)) tests.push({ ...test, file: path.resolve(file) });
      tests.push({ test: 'exit code', file: path.resolve(file), result: code === 0 ? 'passed' : 'failed' });
      resolve();
    });
  });
}

async function runNext() {
  for (let file = files.shift(); file !== undefined; file = files.shift()) await run(file);
}

await Promise.all(Array.from({ length: Number(concurrency) }, runNext));
fs.writeFileSync(report, tests.map((test) => `${JSON.stringify(test)}\n`).join(''));
