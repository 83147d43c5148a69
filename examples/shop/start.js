'use strict';

/* Starts both services with the agent, orders ten times, and prints the map that the backend has drawn of it. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { setTimeout: pause } = require('node:timers/promises');
const { mermaidOf, topologyOf } = require('./picture');

const ORDERS = 10;
/** User to orders, orders to its three servers, Kafka to mail, mail to Redis. */
const CALLS = 6;
const PATIENCE_MS = 120_000;
const { BACKEND = '127.0.0.1:11800', QUERY = 'http://127.0.0.1:12800', PORT = '3000' } = process.env;

/** Resolves when it has printed that it is ready. @returns the process */
async function start(service, ready) {
  const env = { ...process.env, SW_AGENT_NAME: service, SW_AGENT_COLLECTOR_BACKEND_SERVICES: BACKEND };
  const child = spawn(process.execPath, ['--require', 'skyanchor/register', `${service}.js`], {
    cwd: __dirname,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const isReady = new Promise((resolve, reject) => {
    lines.on('line', (line) => (ready.test(line) ? resolve() : undefined));
    child.once('exit', (code, signal) => reject(new Error(`${service} ended with ${code ?? signal}`)));
  });
  await isReady;
  return child;
}

async function order(number) {
  const body = JSON.stringify({ item: `item ${number}` });
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(`http://127.0.0.1:${PORT}/orders`, { method: 'POST', headers, body });
  const { id } = await made.json();
  const read = await fetch(`http://127.0.0.1:${PORT}/orders/${id}`);
  if (made.status !== 201 || read.status !== 200) throw new Error(`answered ${made.status} and ${read.status}`);
}

/** A genuine OAP draws what it has seen some seconds later. */
async function picture() {
  for (const until = Date.now() + PATIENCE_MS; ; await pause(1_000)) {
    const topology = await topologyOf(QUERY);
    if (topology.calls.length >= CALLS || Date.now() > until) return mermaidOf(topology);
  }
}

async function main() {
  const children = [];
  try {
    // The first makes the topic.
    children.push(await start('orders', /^listening/), await start('mail', /^consuming/));
    for (let number = 1; number <= ORDERS; number++) await order(number);
    console.log(await picture());
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
