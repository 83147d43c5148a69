'use strict';

const assert = require('node:assert/strict');
const { npm, run } = require('../sandbox');

/**
 * A copy of OpenTelemetry's API uses no provider that was registered under an older minor version than its own, and says
 * nothing: the application would lose its spans. So a newer minor has to be tried, and claimed, here first.
 */
async function checkOpenTelemetryApi(score, project) {
  await score.check(
    'the newest @opentelemetry/api of npm is not above the version that the bridge claims',
    async () => {
      await npm(['install', '--no-save', '--no-audit', '--no-fund', '@opentelemetry/api@latest'], { cwd: project });
      const program = `
      const { version: newest } = JSON.parse(require('node:fs').readFileSync('node_modules/@opentelemetry/api/package.json', 'utf8'));
      const claimed = globalThis[Symbol.for('opentelemetry.js.api.1')].version;
      const span = require('@opentelemetry/api').trace.getTracer('check').startSpan('work');
      console.log(JSON.stringify({ newest, claimed, isRecording: span.isRecording() }));
      span.end();`;
      const { stdout } = await run(process.execPath, ['--require', 'skyanchor/register', '-e', program], {
        cwd: project,
      });
      const { newest, claimed, isRecording } = JSON.parse(stdout);
      const [major, minor] = newest.split('.').map(Number);
      const [claimedMajor, claimedMinor] = claimed.split('.').map(Number);
      assert.ok(major === claimedMajor && minor <= claimedMinor, `npm has ${newest}, the bridge claims ${claimed}`);
      assert.equal(isRecording, true, `a span of @opentelemetry/api ${newest} is not ours`);
    },
  );
}

module.exports = { checkOpenTelemetryApi };
