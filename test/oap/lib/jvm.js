'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { query } = require('./graphql');
const { layout } = require('./install');
const { jarsIn } = require('./java');
const { TIMEZONE } = require('./noon');
const { connects } = require('./ports');

const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 10_000;

/** A test's server lives for minutes: a quick start is worth more than the last tenth of speed. */
const QUICK = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

function commandLine({ described, jdk, heap, jvmFlags = [], overlay }) {
  const { archive } = layout(described.version, jdk.version);
  return [
    `-Xmx${heap}`,
    ...QUICK,
    ...(fs.existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
    ...described.jvm,
    ...jvmFlags,
    `-Duser.timezone=${TIMEZONE}`,
    '-cp',
    classpath(described, jdk, overlay),
    'Leash',
    described.main,
  ];
}

/** What goes on the classpath; the configuration last: the class archive allows folders only after its jars. */
function classpath({ version, configDir }, jdk, overlay) {
  const jars = jarsIn(layout(version, jdk.version).lib);
  return [...jars, ...(overlay ? [overlay] : []), configDir].join(path.delimiter);
}

/** One JVM, from spawn to exit. `ownLog` reads what this one has written to the log, not those before it. */
function launch(jdk, args, env, logFile) {
  const log = fs.openSync(logFile, 'a');
  const logStart = fs.fstatSync(log).size;
  const child = spawn(jdk.java, args, { env, stdio: ['pipe', log, log] });
  fs.closeSync(log);
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
    child.once('error', (error) => resolve(error.message));
  });
  // The leash: an unread pipe error here only means that the JVM is gone already.
  child.stdin.on('error', () => {});
  const ownLog = () => fs.readFileSync(logFile).subarray(logStart).toString('utf8');
  return { child, exited, ownLog };
}

/** How many nodes the server has found in its cluster; with none, not even itself, it drops registrations and metrics. */
function nodesSeen(log) {
  const [, list = ''] = [...log.matchAll(/Remote client list: (.*)/g)].at(-1) ?? [];
  return list.split(',').filter((address) => address.trim() !== '').length;
}

async function answers(ports) {
  try {
    return Boolean((await query(ports.http, 'query { version }')).version) && (await connects(ports.grpc));
  } catch {
    return false;
  }
}

const lastLines = (log) => log.split('\n').slice(-25).join('\n');

/** @param nodes how many it has to see, with itself */
async function waitUntilReady(jvm, ports, nodes = 1) {
  let exit;
  jvm.exited.then((reason) => (exit = reason));
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (exit !== undefined) {
      const log = jvm.ownLog();
      const error = new Error(`OAP ended while starting (${exit}); its log ends with:\n${lastLines(log)}`);
      error.portTaken = /Address already in use|Failed to bind/i.test(log);
      throw error;
    }
    const ready =
      nodesSeen(jvm.ownLog()) >= nodes && (await Promise.race([answers(ports), jvm.exited.then(() => false)]));
    if (ready) return;
    await sleep(25);
  }
  throw new Error(`OAP was not ready after ${START_DEADLINE_MS} ms; its log ends with:\n${lastLines(jvm.ownLog())}`);
}

async function end(jvm, signal) {
  jvm.child.kill(signal);
  const kill = setTimeout(() => jvm.child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await jvm.exited;
  clearTimeout(kill);
}

module.exports = { QUICK, classpath, commandLine, end, launch, waitUntilReady };
