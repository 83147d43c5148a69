'use strict';

/* The application of examples/shop, installed beside the packed tarball of this checkout, with the servers that it needs. */

const fs = require('node:fs');
const path = require('node:path');
const { installApp, packCheckout } = require('../apps/harness/cache');
const { freePort, Program } = require('../apps/harness/program');
const { environment, reasonIfUnreachable } = require('../package/sandbox');
const servers = require('../servers/servers');

const FOLDER = path.join(__dirname, '..', '..', 'examples', 'shop');
const SERVERS = { DATABASE: 'postgresql', CACHE: 'redis', QUEUE: 'kafka' };
const TIMEOUT_MS = 200_000;

/** @returns why it cannot be run on this machine; undefined: it can */
function reasonIfNoServers() {
  return Object.values(SERVERS)
    .map(servers.reasonIfMissing)
    .find((reason) => reason !== undefined);
}

/** Runs it once with servers of its own. @returns what it has printed, and the addresses of its servers */
async function runShop({ grpc, http }) {
  const manifest = JSON.parse(fs.readFileSync(path.join(FOLDER, 'package.json'), 'utf8'));
  const folder = await installApp({ name: 'example-shop', folder: FOLDER, manifest }, await packCheckout());
  const started = [];
  try {
    const addresses = {};
    for (const [variable, name] of Object.entries(SERVERS)) {
      const server = await servers.start(name);
      started.push(server);
      addresses[variable] = `127.0.0.1:${server.port}`;
    }
    const env = environment({ ...addresses, BACKEND: grpc, QUERY: http, PORT: String(await freePort()) });
    const program = new Program(process.execPath, ['start.js'], { cwd: folder, env });
    const end = await program.endsWithin(TIMEOUT_MS);
    return { ...end, stdout: program.stdout, output: program.output, addresses };
  } finally {
    for (const server of started) await server.stop();
  }
}

module.exports = { reasonIfNoServers, reasonIfUnreachable, runShop };
