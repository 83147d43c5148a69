'use strict';

/*
 * An application of the soak run: asks its neighbour, whose port is told on stdin, and says each second how it is, a line
 * of JSON, or five times a second where its clock is SPEED times as fast. Host names are looked up in the file NAMES.
 */

const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');

const { lookup } = dns;
// Before the agent looks one up.
dns.lookup = (host, ...others) => {
  if (!host.endsWith('.soak')) return lookup(host, ...others);
  const done = others.at(-1);
  const addresses = JSON.parse(fs.readFileSync(process.env.NAMES, 'utf8'))[host];
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  const found = addresses.map((address) => ({ address, family: 4 }));
  setImmediate(() => (found.length === 0 ? done(error) : done(null, found)));
};

const { start } = require('../../dist');
const { systemClock } = require('../../dist/base/clock');
const { squeeze } = require('./squeeze');

const PER_SECOND = 20;
const speed = Number(process.env.SPEED);
squeeze(systemClock, speed);
const agent = start();
// Those that a slow moment has made are not to count as descriptors for the rest of the run.
const connections = new http.Agent({ keepAlive: true, maxFreeSockets: 1 });
let asked = 0;
let split = 0;
let isOver = false;

const server = http.createServer((request, response) => response.end(String(agent.currentTraceId())));
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => say({ type: 'listening', port: server.address().port }));

function say(line) {
  try {
    fs.writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {
    // There is no listener any more.
  }
}

function ask(port) {
  return new Promise((resolve, reject) => {
    http
      .get({ port, host: '127.0.0.1', agent: connections }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.once('end', () => resolve(text));
      })
      .once('error', reject);
  });
}

/** Two segments: one here, one at the neighbour's. */
async function visit(port) {
  asked++;
  await agent.trace('visit', async () => {
    if ((await ask(port)) !== agent.currentTraceId()) split++;
  });
}

process.stdin.setEncoding('utf8').on('data', (text) => {
  for (const line of text.split('\n').filter(Boolean)) {
    if (line === 'over') isOver = true;
    else setInterval(() => isOver || void visit(Number(line)), 1_000 / PER_SECOND);
  }
});
// The parent is gone.
process.stdin.on('end', () => process.exit());

setInterval(
  () => {
    global.gc();
    const { segments, registration, backend } = agent.status();
    say({
      type: 'state',
      at: performance.now(),
      asked,
      split,
      segments,
      phase: registration.phase,
      epoch: registration.epoch,
      backend,
      descriptors: fs.readdirSync('/proc/self/fd').length,
      heapBytes: process.memoryUsage().heapUsed,
    });
  },
  Math.max(1_000 / speed, 200),
);
