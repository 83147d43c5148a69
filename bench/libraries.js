#!/usr/bin/env node
'use strict';

/*
 * What tracing one command of a library costs, with real servers:
 *
 *     npm run bench:libraries [-- pg mysql2 ioredis redis]
 *
 * Runs in which the library is traced and runs in which it is disabled take turns; shown are medians of the CPU time of
 * a command, in microseconds, with the quartiles.
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const { npm } = require('../test/package/sandbox');
const servers = require('../test/servers/servers');
const fs = require('node:fs');

const SERVERS = { pg: 'postgresql', mysql2: 'mariadb', ioredis: 'redis', redis: 'redis' };
const TURNS = 4;
const FOLDER = path.join(os.homedir(), '.cache', 'skyanchor-bench-libraries');
const DEPENDENCIES = { ioredis: '5.11.0', mysql2: '3.24.6', pg: '8.23.1', redis: '6.3.1' };

async function install() {
  const file = path.join(FOLDER, 'package.json');
  const manifest = JSON.stringify({ private: true, dependencies: DEPENDENCIES });
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === manifest) return;
  fs.mkdirSync(FOLDER, { recursive: true });
  fs.writeFileSync(file, manifest);
  await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], { cwd: FOLDER });
}

async function run(library, env) {
  const child = spawn(process.execPath, [path.join(__dirname, 'libraries', 'child.js'), library], {
    env: { ...process.env, LIBRARIES: FOLDER, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${library} ended with ${code}`);
  return JSON.parse(output).rounds;
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.round(share * (sorted.length - 1))];
}

const shown = (values) =>
  `${quantile(values, 0.5).toFixed(1)} (${quantile(values, 0.25).toFixed(1)} to ${quantile(values, 0.75).toFixed(1)})`;

async function measure(library, backend) {
  const server = await servers.start(SERVERS[library]);
  const traced = [];
  const disabled = [];
  const env = { SERVER_PORT: String(server.port), SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend };
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      disabled.push(...(await run(library, { ...env, SW_AGENT_DISABLE_PLUGINS: library })));
      traced.push(...(await run(library, env)));
    }
  } finally {
    await server.stop();
  }
  const added = quantile(traced, 0.5) - quantile(disabled, 0.5);
  console.log(`${library.padEnd(10)}${shown(disabled).padEnd(24)}${shown(traced).padEnd(24)}${added.toFixed(1)}`);
}

/** The backend is a process of its own, so that it is not measured. */
async function withBackend(use) {
  const cli = path.join(__dirname, '..', 'dist', 'cli', 'main.js');
  const args = [cli, 'collector', '--port', '0', '--http-port', '0', '--protocol', 'v3'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(child.stdout, 'data');
    await use(/[\d.]+:\d+/.exec(String(line))[0]);
  } finally {
    child.kill();
  }
}

async function main(names) {
  await install();
  console.log(`${'library'.padEnd(10)}${'disabled, us'.padEnd(24)}${'traced, us'.padEnd(24)}added, us`);
  await withBackend(async (backend) => {
    for (const name of names.length > 0 ? names : Object.keys(SERVERS)) await measure(name, backend);
  });
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
