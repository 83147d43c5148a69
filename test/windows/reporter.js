'use strict';

const { appendFileSync } = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');

/** Appends a line of JSON for each test, `{test, result, message?}`, as soon as its file is through: a crash loses one file. */
module.exports = class Reporter {
  onTestResult(_, { testFilePath, testResults, testExecError }) {
    const file = path.relative(ROOT, testFilePath).split(path.sep).join('/');
    const results = testResults.map(({ fullName, status, failureMessages }) => ({
      test: `${file}: ${fullName}`,
      result: status,
      message: failureMessages[0],
    }));
    // What was thrown outside of every test has its words in the stack alone.
    const message = testExecError?.stack ?? testExecError?.message;
    if (testExecError) results.push({ test: `${file}: runs`, result: 'failed', message });
    appendFileSync(process.env.SKYANCHOR_WINDOWS_RESULTS, results.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
};
