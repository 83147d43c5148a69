'use strict';

/** Prints a line for each check and counts. */
class Score {
  passed = 0;
  failed = 0;

  async check(name, body) {
    try {
      await body();
      this.passed++;
      process.stdout.write(`ok      ${name}\n`);
    } catch (error) {
      this.failed++;
      process.stdout.write(`FAILED  ${name}\n${error.message.replace(/^/gm, '        ')}\n`);
    }
  }

  skip(name, reason) {
    process.stdout.write(`skipped ${name}: ${reason}\n`);
  }

  finish() {
    process.stdout.write(`${this.passed} passed, ${this.failed} failed\n`);
    if (this.failed > 0) process.exitCode = 1;
  }
}

module.exports = { Score };
