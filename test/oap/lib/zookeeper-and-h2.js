'use strict';

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { QUICK, classpath, end, launch } = require('./jvm');
const { HOST, claimPorts } = require('./ports');

const DEADLINE_MS = 20_000;
const HEAP = '192m';

/** The line of the JVM's log that pleases, once it is there whole. */
async function lineOf(jvm, pleases, from = 0) {
  let exit;
  jvm.exited.then((reason) => (exit = reason));
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await sleep(10)) {
    const line = jvm.ownLog().slice(from).split('\n').slice(0, -1).find(pleases);
    if (line !== undefined) return line;
    if (exit !== undefined) throw new Error(`ZooKeeper and H2 ended (${exit}):\n${jvm.ownLog().slice(-2_000)}`);
  }
  throw new Error(`ZooKeeper and H2 did not answer within ${DEADLINE_MS} ms:\n${jvm.ownLog().slice(-2_000)}`);
}

/** One JVM of the server's own jars: the coordinator of a cluster, and its database. */
async function startZooKeeperAndH2(described, jdk, { folder, sessionMs }) {
  const [zooKeeper, h2] = await claimPorts([0, 0]);
  const args = [`-Xmx${HEAP}`, ...QUICK, '-cp', classpath(described, jdk), 'ZooKeeperAndH2'];
  const data = path.join(folder, 'zookeeper');
  const env = { ...process.env, OAP_LOG_LEVEL: 'WARN' };
  const logFile = path.join(folder, 'zookeeper-and-h2.log');
  const jvm = launch(jdk, [...args, String(zooKeeper), String(h2), data, String(sessionMs)], env, logFile);
  try {
    await lineOf(jvm, (line) => line === 'ready');
  } catch (error) {
    await end(jvm, 'SIGKILL');
    throw error;
  }

  async function ask(statement) {
    const from = jvm.ownLog().length;
    jvm.child.stdin.write(`${statement.replace(/\s+/g, ' ')}\n`);
    const { rows, updated, error } = JSON.parse(
      await lineOf(jvm, (line) => /^\{"(rows|updated|error)"/.test(line), from),
    );
    if (error !== undefined) throw new Error(`${statement}: ${error}`);
    return rows ?? updated;
  }

  let last = Promise.resolve();
  const sql = (statement) => (last = last.catch(() => {}).then(() => ask(statement)));

  return {
    pid: jvm.child.pid,
    zooKeeper: `${HOST}:${zooKeeper}`,
    env: {
      OAP_STORAGE: 'h2',
      OAP_H2_URL: `jdbc:h2:tcp://${HOST}:${h2}/mem:oap;DB_CLOSE_DELAY=-1;DATABASE_TO_UPPER=FALSE`,
    },
    sql,
    empty: () => sql('DROP ALL OBJECTS'),
    stop: () => end(jvm, 'SIGTERM'),
  };
}

module.exports = { startZooKeeperAndH2 };
