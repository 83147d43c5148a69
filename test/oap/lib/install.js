'use strict';

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { OapUnavailable, findJava, jarsIn } = require('./java');
const { makeScratch } = require('./scratch');
const { describeVersion } = require('./versions');

/** Maven fetches some 50 MB in under a minute; where nothing answers it would try for a quarter of an hour. */
const DEADLINE_MS = 600_000;

function cacheRoot() {
  return process.env.SKYANCHOR_OAP_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-oap');
}

/** A folder in the cache, so that what is made in it can be moved into place whole. */
function scratchFor(version) {
  try {
    return makeScratch(cacheRoot(), `${version}-`);
  } catch (error) {
    throw new OapUnavailable(`the cache cannot be written, set SKYANCHOR_OAP_CACHE: ${error.message}`);
  }
}

/** Where one installed version lies: its jars, and a class archive for the JDK in use. */
function layout(version, javaVersion) {
  const root = path.join(cacheRoot(), version);
  return {
    root,
    lib: path.join(root, 'lib'),
    stamp: path.join(root, 'installed'),
    archive: path.join(root, `classes-java${javaVersion}.jsa`),
  };
}

/** Changes with everything the jars are made from, so an edited pom or source installs anew. */
function fingerprint({ configDir, sourceFiles }) {
  const hash = crypto.createHash('sha256');
  for (const file of [path.join(configDir, 'pom.xml'), ...sourceFiles]) hash.update(fs.readFileSync(file));
  return hash.digest('hex');
}

function isInstalled(version) {
  const { stamp } = layout(version, '');
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === fingerprint(describeVersion(version));
}

function run(command, args, purpose) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, timeout: DEADLINE_MS });
  if (done.error?.code === 'ENOENT') throw new OapUnavailable(`${command} is not installed; needed to ${purpose}`);
  if (done.status !== 0) {
    const output = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    const fate = done.error?.code ?? done.status ?? done.signal;
    throw new OapUnavailable(`could not ${purpose}: ${command} ended with ${fate}\n${output}`);
  }
}

function fetchJars(configDir, lib) {
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`];
  run('mvn', ['-B', '-q', '-f', path.join(configDir, 'pom.xml'), ...copy], 'fetch the OAP modules from Maven Central');
}

function compileOurs(jdk, sourceFiles, lib, scratch) {
  const classes = path.join(scratch, 'classes');
  fs.mkdirSync(classes, { recursive: true });
  run(
    jdk.javac,
    ['-cp', jarsIn(lib).join(path.delimiter), '-d', classes, ...sourceFiles],
    'compile the launcher classes',
  );
  run(
    jdk.jar,
    ['--create', '--file', path.join(lib, 'skyanchor.jar'), '-C', classes, '.'],
    'pack the launcher classes',
  );
  fs.rmSync(classes, { recursive: true });
}

function moveIntoPlace(scratch, root, version) {
  try {
    // A simultaneous install may have been first: its result is as good as ours, and perhaps in use already.
    if (isInstalled(version)) return;
    fs.rmSync(root, { recursive: true, force: true });
    fs.renameSync(scratch, root);
  } catch (error) {
    if (!isInstalled(version)) throw error;
  }
}

/**
 * Fetches the server's jars. Built beside its place and moved there whole,
 * so an interrupted or a simultaneous install leaves nothing half done.
 */
function installJars(version) {
  const jdk = findJava();
  const described = describeVersion(version);
  const { root } = layout(version, jdk.version);
  const scratch = scratchFor(version);
  try {
    const lib = path.join(scratch, 'lib');
    fetchJars(described.configDir, lib);
    compileOurs(jdk, described.sourceFiles, lib, scratch);
    fs.writeFileSync(path.join(scratch, 'installed'), fingerprint(described));
    moveIntoPlace(scratch, root, version);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

module.exports = { isInstalled, installJars, layout, scratchFor };
