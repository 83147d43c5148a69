'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { OapUnavailable } = require('./java');
const { HOST, claimPorts } = require('./ports');

const DEADLINE_MS = 30_000;
const NEEDS = 'MariaDB is not installed (Debian: apt-get install mariadb-server)';

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error?.code === 'ENOENT') throw new OapUnavailable(NEEDS);
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

function isMariaDbInstalled() {
  return ['mariadbd', 'mariadb-install-db', 'mariadb'].every(
    (program) => spawnSync(program, ['--no-defaults', '--help']).error === undefined,
  );
}

/** A database server of our own: its files are in the folder, and it listens on 127.0.0.1 only. */
async function startMariaDb(folder) {
  const data = path.join(folder, 'mariadb');
  const socket = path.join(folder, 'mariadb.sock');
  const [port] = await claimPorts([0]);
  // Its own user is only asked for where it would run as root.
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const installed = [`--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user];
  run('mariadb-install-db', ['--no-defaults', ...installed]);

  const logFile = path.join(folder, 'mariadb.log');
  const options = [
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--port=${port}`,
    `--bind-address=${HOST}`,
    '--skip-name-resolve',
    '--performance-schema=OFF',
    '--innodb-buffer-pool-size=32M',
    '--innodb-flush-log-at-trx-commit=0',
    '--character-set-server=utf8mb4',
    ...user,
  ];

  async function launch() {
    const log = fs.openSync(logFile, 'a');
    const from = fs.fstatSync(log).size;
    const child = spawn('mariadbd', ['--no-defaults', ...options], { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    const exited = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', resolve);
    });
    const ownLog = () => fs.readFileSync(logFile).subarray(from).toString('utf8');
    for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await sleep(20)) {
      if (ownLog().includes('ready for connections')) return { child, exited };
      if (child.exitCode !== null) break;
    }
    child.kill('SIGKILL');
    throw new Error(`MariaDB did not start:\n${ownLog().slice(-2_000)}`);
  }

  const client = (statement) =>
    run('mariadb', ['--no-defaults', `--socket=${socket}`, '-uroot', '-N', '-B', '-e', statement])
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  const create = () => client("CREATE DATABASE oap; GRANT ALL ON oap.* TO 'oap'@'%' IDENTIFIED BY 'oap'");

  const server = await launch();
  create();
  return {
    pid: server.child.pid,
    env: {
      OAP_STORAGE: 'mysql',
      OAP_JDBC_URL: `jdbc:mariadb://${HOST}:${port}/oap?rewriteBatchedStatements=true&allowMultiQueries=true`,
    },
    sql: async (statement) => client(`USE oap; ${statement}`),
    empty: async () => {
      client('DROP DATABASE oap');
      create();
    },
    /** It answers nothing, and closes nothing, until it goes on. */
    hang: () => server.child.kill('SIGSTOP'),
    goOn: () => server.child.kill('SIGCONT'),
    async stop() {
      server.child.kill('SIGCONT');
      server.child.kill('SIGTERM');
      await server.exited;
    },
  };
}

module.exports = { isMariaDbInstalled, startMariaDb };
