'use strict';

/*
 * Real servers on loopback, each in a folder of its own and ended by its pid. What is not installed is said by an error
 * of class `Missing`, with the command that installs it.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Program, freePort } = require('../apps/harness/program');
const { Missing, jarsOf, sourceOf } = require('./jars');

const START_TIMEOUT_MS = 60_000;
const FOLDERS = (process.env.PATH ?? '').split(path.delimiter).concat('/usr/sbin', '/usr/local/sbin');

function programOf(name, packageName, more = []) {
  const found = [...more, ...FOLDERS].map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (found === undefined)
    throw new Missing(`${name} is not installed: apt-get install -y --no-install-recommends ${packageName}`);
  return found;
}

/** Root may not run a database: it does so as the user that the package has made. */
function identityOf(user) {
  if (process.getuid() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((which) => {
    const { status, stdout } = spawnSync('id', [which, user]);
    if (status !== 0) throw new Missing(`the user ${user}, whom the package makes, is not there`);
    return Number(stdout);
  });
  return { uid, gid };
}

/**
 * Runs `command` in a new folder until it listens, by default on a port that is free. With `ready`, what it prints then:
 * on a port that was asked for, another's server may be the one that listens.
 */
async function serve({ user, prepare, environment, command, ready, afterwards }, wantedPort) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-server-'));
  const port = wantedPort ?? (await freePort());
  const identity = user === undefined ? {} : identityOf(user);
  if (identity.uid !== undefined) fs.chownSync(folder, identity.uid, identity.gid);
  const env = { ...process.env, ...(await environment?.({ folder, port })) };
  const options = { cwd: folder, env, ...identity };
  const leave = () => {
    const [last, ...rest] = afterwards?.(env) ?? [];
    if (last !== undefined) spawnSync(last, rest);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leave);
  for (const [program, ...args] of prepare?.({ folder, port }) ?? []) {
    const done = spawnSync(program, args, options);
    if (done.status !== 0) throw new Error(`${program} ended with ${done.status}\n${done.stdout}${done.stderr}`);
  }
  const [program, ...args] = command({ folder, port });
  const server = new Program(program, args, options);
  try {
    if (ready) await server.prints(ready, START_TIMEOUT_MS);
    await server.listensOn(port, START_TIMEOUT_MS);
  } catch (error) {
    server.destroy();
    throw new Error(`${error.message}\n${server.output}`, { cause: error });
  }
  const stop = async () => {
    server.destroy();
    await server.ended;
    leave();
    process.removeListener('exit', leave);
  };
  return { host: '127.0.0.1', port, stop };
}

/** The newest of what Debian's packages have installed. */
function postgresFolders() {
  const all = '/usr/lib/postgresql';
  if (!fs.existsSync(all)) return [];
  const versions = fs.readdirSync(all).sort((one, other) => Number(other) - Number(one));
  return versions.map((version) => path.join(all, version, 'bin'));
}

/**
 * What RabbitMQ is told, since its programs read no arguments. It starts an `epmd` in a session of its own; no other node
 * uses one with a port of its own, so that can be ended.
 */
async function rabbitEnvironment({ folder, port }) {
  const [distributionPort, epmdPort] = [await freePort(), await freePort()];
  const file = (name) => path.join(folder, name);
  fs.writeFileSync(file('rabbitmq.conf'), `listeners.tcp.local = 127.0.0.1:${port}\nloopback_users = none\n`);
  fs.writeFileSync(file('enabled_plugins'), '[].\n');
  return {
    HOME: folder,
    RABBITMQ_NODENAME: `skyanchor-${port}@localhost`,
    RABBITMQ_MNESIA_BASE: file('mnesia'),
    RABBITMQ_LOG_BASE: file('log'),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: file('none.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
    RABBITMQ_DIST_PORT: String(distributionPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
  };
}

/** One node that is broker and controller, with topics of one partition. */
async function kafkaEnvironment({ folder, port }) {
  const controller = `127.0.0.1:${await freePort()}`;
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': path.join(folder, 'data'),
    'num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  fs.writeFileSync(path.join(folder, 'server.properties'), text.join(''));
}

/** Any 22 characters of Base64 with 16 bytes in them. */
const KAFKA_CLUSTER = 'c2t5YW5jaG9yLXRlc3RzIQ';
const JDK = { java: ['openjdk-17-jdk-headless'], mvn: ['maven'] };

/** By name: the programs that it needs, and how it is started with them. */
const SERVERS = {
  kafka: {
    programs: JDK,
    start({ java, mvn }) {
      const jars = jarsOf('kafka', mvn);
      return serve({
        environment: kafkaEnvironment,
        prepare: () => [
          [java, '-cp', jars, 'kafka.tools.StorageTool', 'format', '-t', KAFKA_CLUSTER, '-c', 'server.properties'],
        ],
        command: () => [
          ...[java, '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', jars, 'kafka.Kafka', 'server.properties'],
        ],
      });
    },
  },
  mongodb: {
    programs: JDK,
    start({ java, mvn }) {
      const jars = jarsOf('mongodb', mvn);
      return serve({
        command: ({ port }) => [java, '-Xmx96m', '-cp', jars, sourceOf('MongoServerMain'), String(port)],
      });
    },
  },
  postgresql: {
    programs: { initdb: ['postgresql', postgresFolders], postgres: ['postgresql', postgresFolders] },
    start: ({ initdb, postgres }) =>
      serve({
        user: 'postgres',
        prepare: ({ folder }) => [[initdb, '-D', `${folder}/data`, '-A', 'trust', '-U', 'postgres', '--no-sync']],
        command: ({ folder, port }) => [
          ...[postgres, '-D', `${folder}/data`, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
          ...['-c', `unix_socket_directories=${folder}`, '-c', 'fsync=off'],
        ],
      }),
  },
  mariadb: {
    programs: { 'mariadb-install-db': ['mariadb-server'], mariadbd: ['mariadb-server'] },
    start: ({ 'mariadb-install-db': install, mariadbd }) =>
      serve({
        user: 'mysql',
        prepare: ({ folder }) => [
          [
            ...[install, '--no-defaults', `--datadir=${folder}/data`],
            ...['--auth-root-authentication-method=normal', '--skip-test-db'],
          ],
        ],
        command: ({ folder, port }) => [
          ...[mariadbd, '--no-defaults', `--datadir=${folder}/data`, `--port=${port}`, '--bind-address=127.0.0.1'],
          ...[`--socket=${folder}/socket`, '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=32M'],
        ],
      }),
  },
  memcached: {
    programs: { memcached: ['memcached'] },
    start: ({ memcached }) =>
      serve({ command: ({ port }) => [memcached, '-u', 'nobody', '-l', '127.0.0.1', '-p', String(port), '-m', '16'] }),
  },
  rabbitmq: {
    programs: { 'rabbitmq-server': ['rabbitmq-server', () => ['/usr/lib/rabbitmq/bin']], epmd: ['rabbitmq-server'] },
    start: ({ 'rabbitmq-server': server, epmd }) =>
      serve({
        user: 'rabbitmq',
        environment: rabbitEnvironment,
        command: () => [server],
        afterwards: ({ ERL_EPMD_PORT: port }) => [epmd, '-port', port, '-kill'],
      }),
  },
  redis: {
    programs: { 'redis-server': ['redis-server'] },
    takesPort: true,
    start: ({ 'redis-server': server }, wantedPort) =>
      serve(
        {
          command: ({ folder, port }) => [
            ...[server, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
            ...['--dir', folder],
          ],
          ready: /Ready to accept connections/,
        },
        wantedPort,
      ),
  },
};

/** @returns where the programs of a server are. Throws `Missing` */
function find(name) {
  const { programs } = SERVERS[name];
  const found = Object.entries(programs).map(([program, [packageName, more]]) => [
    program,
    programOf(program, packageName, more?.()),
  ]);
  return Object.fromEntries(found);
}

/** @returns why the server cannot be started here; undefined: it can */
function reasonIfMissing(name) {
  try {
    find(name);
    return undefined;
  } catch (error) {
    if (error instanceof Missing) return error.message;
    throw error;
  }
}

/** @returns the packages of Debian's that all servers together lack */
function missingPackages() {
  const programs = Object.values(SERVERS).flatMap((server) => Object.entries(server.programs));
  const isMissing = ([program, [packageName, more]]) => {
    try {
      programOf(program, packageName, more?.());
      return false;
    } catch (error) {
      if (error instanceof Missing) return true;
      throw error;
    }
  };
  return [...new Set(programs.filter(isMissing).map(([, [packageName]]) => packageName))];
}

/** Starts a server. @param port absent: a free one; only Redis takes one @returns `{host, port, stop}` */
function start(name, port) {
  const server = SERVERS[name];
  if (port !== undefined && !server.takesPort) throw new Error(`${name} is started on a free port, not on ${port}`);
  return server.start(find(name), port);
}

module.exports = { Missing, find, missingPackages, reasonIfMissing, start };
