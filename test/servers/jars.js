'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const POMS = path.join(__dirname, 'java');
const CACHE = process.env.SKYANCHOR_SERVERS_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-servers');
/** Without an answer Maven would try for a quarter of an hour. */
const TIMEOUT_MS = 300_000;

/** A server that this machine does not have; the message says how it gets it. */
class Missing extends Error {}

/** Why the jars of a server could not be fetched: asking again would take as long. */
const failures = new Map();

/**
 * The jars of a server from Maven Central, fetched once: beside their place and moved there whole, so that a run that is
 * ended leaves nothing half done.
 * @returns a class path. Throws `Missing` where they cannot be had
 */
function jarsOf(name, maven) {
  const pom = path.join(POMS, `${name}-pom.xml`);
  const hash = createHash('sha256').update(fs.readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = path.join(CACHE, `${name}-${hash}`);
  if (!failures.has(name) && !fs.existsSync(folder)) failures.set(name, fetchJars(pom, folder, maven));
  const failure = failures.get(name);
  if (failure !== undefined) throw new Missing(failure);
  return path.join(folder, '*');
}

/** @returns undefined: they are there; otherwise why not */
function fetchJars(pom, folder, maven) {
  fs.mkdirSync(CACHE, { recursive: true });
  const scratch = fs.mkdtempSync(`${folder}-`);
  try {
    const args = ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${scratch}`];
    const done = spawnSync(maven, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
    if (done.status !== 0) {
      const words = `${done.stdout}${done.stderr}`.trim().split('\n', 1)[0];
      return `no jars from Maven Central: ${maven} ${args.join(' ')} ended with ${done.status ?? done.signal}: ${words}`;
    }
    if (!fs.existsSync(folder)) fs.renameSync(scratch, folder);
    return undefined;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** A source file of ours that `java` compiles as it starts. */
function sourceOf(name) {
  return path.join(POMS, `${name}.java`);
}

module.exports = { Missing, jarsOf, sourceOf };
