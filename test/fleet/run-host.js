#!/usr/bin/env node
'use strict';

/*
 * Many agents on one host that share a command file and a status file, a few hundred in each of a few processes:
 *
 *     npm run fleet:host -- [--agents 1000] [--processes 4] [--commands 2]
 *
 * Ends with 1 if an agent did not run a command, ran it twice, or did not answer while the file had room.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const WORKER = path.join(__dirname, 'host-worker.js');
/** With more agents than it can bear, a file is shown as it is after this time. */
const PATIENCE_MS = 180_000;
const IDLE_MS = 20_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isSo, ms = PATIENCE_MS) {
  const endsAt = performance.now() + ms;
  while (!isSo() && performance.now() < endsAt) await pause(20);
  return isSo();
}

class Host {
  started = new Set();
  unclaimed = 0;
  /** `mark` to the moments at which each agent ran it. */
  ran = new Map();

  constructor(file, agents, processes) {
    const status = JSON.stringify(exampleStatus());
    const each = Math.ceil(agents / processes);
    this.workers = Array.from({ length: processes }, (_, at) => {
      const count = Math.min(each, agents - at * each);
      return fork(WORKER, [file, String(count), String(at * each), status]).on('message', (message) =>
        this.take(message),
      );
    });
  }

  take({ type, name, mark, isClaimed }) {
    if (type === 'started') {
      this.started.add(name);
      if (!isClaimed) this.unclaimed++;
    }
    if (type === 'ran') {
      const moments = this.ran.get(mark) ?? this.ran.set(mark, []).get(mark);
      moments.push({ name, at: performance.now() });
    }
  }

  async usage() {
    const answers = this.workers.map((worker) => {
      worker.send('usage');
      return new Promise((resolve) => {
        const take = (message) => {
          if (message.type !== 'usage') return;
          worker.off('message', take);
          resolve(message);
        };
        worker.on('message', take);
      });
    });
    const all = await Promise.all(answers);
    const cpuMs = all.reduce((sum, { user, system }) => sum + (user + system) / 1e3, 0);
    return { cpuMs, warnings: [...new Set(all.flatMap(({ warnings }) => warnings))] };
  }

  async stop() {
    const ended = this.workers.map((worker) => once(worker, 'exit'));
    for (const worker of this.workers) worker.disconnect();
    await Promise.all(ended);
  }
}

/** What an agent's entry holds when all is well. */
function exampleStatus() {
  const at = new Date(0).toISOString();
  const counts = { known: 12, pending: 0, refused: 0 };
  return {
    ...{
      startedAt: at,
      version: '0.1.0',
      service: 'orders',
      instanceNameFrom: 'environment',
    },
    ...{ backend: '127.0.0.1:11800', protocol: 'v2', reconnects: 0, endpoints: counts, networkAddresses: counts },
    registration: { phase: 'registered', epoch: 1, serviceId: 5, instanceId: 11, since: at, reason: 'start' },
    heartbeat: { lastOkAt: at, failures: 0, lastError: null },
    segments: { accepted: 900, sent: 880, dropped: 0, inFlight: 20, buffered: 0, droppedBecause: {} },
  };
}

function answersIn(file) {
  const text = fs.readFileSync(file, 'utf8');
  const done = [...text.matchAll(/^#! \S+ (\S+) done /gm)].map(([, name]) => name);
  return {
    bytes: text.length,
    done: new Set(done).size,
    twice: done.length - new Set(done).size,
    full: (text.match(/ full - /g) ?? []).length,
  };
}

function statusIn(file) {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '{"instances":{}}';
  return { bytes: text.length, instances: Object.values(JSON.parse(text).instances) };
}

const seconds = (ms) => (ms / 1_000).toFixed(1);

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { agents: text, processes: text, commands: text } });
  const agents = Number(values.agents ?? 1_000);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-host-'));
  const file = path.join(folder, 'orders.command');
  fs.writeFileSync(file, '', { mode: 0o644 });
  const host = new Host(file, agents, Number(values.processes ?? 4));
  try {
    const startedAt = performance.now();
    await until(() => host.started.size === agents, 2 * PATIENCE_MS);
    const { cpuMs: startCpuMs, warnings } = await host.usage();
    const status = statusIn(`${file}.status.json`);
    console.log(
      `${host.started.size} agents started after ${seconds(performance.now() - startedAt)} s, ${host.unclaimed} without their name; CPU ${seconds(startCpuMs)} s; status file ${status.instances.length} entries, ${status.bytes} bytes`,
    );
    for (const warning of warnings) console.log(`  warned: ${warning}`);
    // What the start still had to do is no part of an idle process.
    await pause(3_000);
    const idle = (await host.usage()).cpuMs;
    await pause(IDLE_MS);
    console.log(`idle: ${((((await host.usage()).cpuMs - idle) / IDLE_MS) * 100).toFixed(0)} % of a core for all`);
    for (let at = 0; at < Number(values.commands ?? 2); at++) await command(host, file, agents, `m${at}`);
  } finally {
    await host.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function command(host, file, agents, mark) {
  const before = (await host.usage()).cpuMs;
  const typedAt = performance.now();
  fs.writeFileSync(file, `mark ${mark}\n`);
  await until(() => (host.ran.get(mark)?.length ?? 0) >= agents);
  await until(() => answersIn(file).done >= agents || answersIn(file).full > 0, 30_000);
  const tookMs = performance.now() - typedAt;
  const runs = (host.ran.get(mark) ?? []).sort((one, other) => one.at - other.at);
  const names = new Set(runs.map(({ name }) => name));
  const { bytes, done, twice, full } = answersIn(file);
  const at = (share) => seconds((runs[Math.ceil(share * agents) - 1]?.at ?? NaN) - typedAt);
  // The status file follows the command file.
  const isShown = () =>
    statusIn(`${file}.status.json`).instances.filter(({ commands }) =>
      commands?.last.some(({ state }) => state === 'done'),
    ).length;
  await until(() => isShown() >= agents, 60_000);
  console.log(
    `${mark}: ${names.size} of ${agents} ran it, ${runs.length - names.size} twice; half after ${at(0.5)} s, 99 % after ${at(0.99)} s, all after ${at(1)} s; ${done} answers in the file after ${seconds(tookMs)} s (${twice} twice, ${full} times full, ${bytes} bytes), ${isShown()} in the status file after ${seconds(performance.now() - typedAt)} s; CPU ${seconds((await host.usage()).cpuMs - before)} s`,
  );
  const isAnswered = done >= agents || full > 0;
  if (names.size < agents || runs.length > names.size || twice > 0 || !isAnswered) process.exitCode = 1;
}

void main();
