'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { installJars, isInstalled, layout, scratchFor } = require('./install');
const { findJava, jarsIn } = require('./java');
const { startOap } = require('./server');

/**
 * Makes a shared class archive, which halves the start time: runs the server once
 * to learn which classes it loads, then has the JVM lay them out in a file.
 * The server starts without it too, so a JVM that cannot make one is no failure.
 */
async function makeArchive(version, jdk, say) {
  const { lib, archive } = layout(version, jdk.version);
  const scratch = scratchFor(version);
  const classList = path.join(scratch, 'classes.lst');
  const unfinished = path.join(scratch, 'classes.jsa');
  try {
    const oap = await startOap({ version, jvmFlags: [`-XX:DumpLoadedClassList=${classList}`] });
    try {
      await Promise.all([oap.services(), oap.topology(), oap.traces()]);
    } finally {
      await oap.stop();
    }
    const dump = spawnSync(jdk.java, [
      '-Xshare:dump',
      '-XX:+UseSerialGC',
      '-Xlog:cds=off',
      `-XX:SharedClassListFile=${classList}`,
      `-XX:SharedArchiveFile=${unfinished}`,
      '-cp',
      jarsIn(lib).join(path.delimiter),
    ]);
    if (dump.status === 0) fs.renameSync(unfinished, archive);
    else say('no class archive could be made; the server will start more slowly');
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** Makes the version ready to start on this machine; does nothing when it is. */
async function install(version, say = () => {}) {
  const jdk = findJava();
  if (!isInstalled(version)) {
    say(`fetching OAP ${version} from Maven Central`);
    installJars(version);
  }
  if (!fs.existsSync(layout(version, jdk.version).archive)) {
    say('preparing a quick start (about half a minute, once)');
    await makeArchive(version, jdk, say);
  }
  say(`OAP ${version} is installed`);
}

module.exports = { install };
