#!/usr/bin/env node
'use strict';

const { parseArgs } = require('node:util');

const { connectV2Agent } = require('./lib/agent-v2');
const { install } = require('./lib/archive');
const { startCluster } = require('./lib/cluster');
const { isInstalled } = require('./lib/install');
const { OapUnavailable } = require('./lib/java');
const { isMariaDbInstalled } = require('./lib/mariadb');
const { minuteOf } = require('./lib/noon');
const { startOap } = require('./lib/server');
const { selftest } = require('./lib/selftest');
const { VERSIONS } = require('./lib/versions');

const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 3 };

const USAGE = `usage: node oap.js <command> <version> [options]
  versions: ${Object.keys(VERSIONS).join(', ')}

  install   fetch the server into the cache; does nothing when it is there
  start     run it in the foreground until SIGTERM or SIGINT; prints one line of JSON when ready
              --grpc-port N  --http-port N   0 or absent picks a free one
              --data DIR                     absent: a temporary folder, removed at the end
              --storage mem|file             mem forgets at every start
              --token T  --tls               not 6.5.0
  selftest  start it, send and read back real traffic, say what held

  exit codes: 0 done, 1 failed, 2 wrong usage, 3 no OAP can run here`;

class UsageError extends Error {}

function portOf(text) {
  const port = Number(text ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`a port is 0 to 65535, not ${text}`);
  return port;
}

async function runForeground(version, flags) {
  const { data, storage, token, tls } = flags;
  const ports = { grpcPort: portOf(flags['grpc-port']), httpPort: portOf(flags['http-port']) };
  // Listened to from the beginning: a signal that comes while the server starts must not leave its folder behind.
  const signalled = new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => resolve('signal'));
  });
  const oap = await startOap({ version, ...ports, data, storage, token, tls });
  const { grpc, http, pid, logFile, ca } = oap;
  console.log(JSON.stringify({ grpc, http, pid, version, logFile, ca }));

  const first = await Promise.race([signalled, oap.exited.then(() => 'exit')]);
  await oap.stop();
  return first === 'exit' ? EXIT.failed : EXIT.ok;
}

function exitCodeOf(error) {
  if (error instanceof OapUnavailable) return EXIT.unavailable;
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  return isUsage ? EXIT.usage : EXIT.failed;
}

async function main(argv) {
  const {
    values: flags,
    positionals: [command, version],
  } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      'grpc-port': { type: 'string' },
      'http-port': { type: 'string' },
      data: { type: 'string' },
      storage: { type: 'string' },
      token: { type: 'string' },
      tls: { type: 'boolean' },
    },
  });
  if (!Object.hasOwn(VERSIONS, version)) {
    console.error(USAGE);
    return EXIT.usage;
  }
  switch (command) {
    case 'install':
      await install(version, console.error);
      return EXIT.ok;
    case 'start':
      return runForeground(version, flags);
    case 'selftest':
      return (await selftest(version, console.log)) ? EXIT.ok : EXIT.failed;
    default:
      console.error(USAGE);
      return EXIT.usage;
  }
}

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error) => {
      console.error(error.message);
      process.exitCode = exitCodeOf(error);
    },
  );
}

module.exports = {
  OapUnavailable,
  connectV2Agent,
  install,
  isInstalled,
  isMariaDbInstalled,
  minuteOf,
  startCluster,
  startOap,
};
