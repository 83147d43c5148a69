import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '../base/clock';
import { errorMessage } from '../base/text';
import { type Collector, startCollector } from '../testing/index';
import { pause, print, wrongUsage } from './print';

const REGISTER = path.join(__dirname, '..', 'register.js');

/** An ordinary application: it knows nothing of skyanchor. */
const APPLICATION = `'use strict';
const http = require('node:http');
const server = http.createServer((request, response) => response.end('order ' + request.url + '\\n'));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
`;

const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 10;

/**
 * `skyanchor demo`: the main job, step by step, on the embedded backend.
 *
 * @returns the exit code: 0 every step succeeded, 1 one failed, 2 wrong usage
 */
export async function demo(argv: readonly string[]): Promise<number> {
  if (argv.length > 0) return wrongUsage('demo', `it takes no arguments, and got ${argv.join(' ')}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-demo-'));
  const stage = new Stage(folder, systemClock);
  try {
    await stage.play();
    return 0;
  } catch (error) {
    process.stderr.write(`skyanchor demo: ${errorMessage(error)}\n`);
    return 1;
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ids {
  readonly service: number;
  readonly instance: number;
}

class Stage {
  private readonly commandFile: string;
  private readonly script: string;
  private readonly children: ChildProcess[] = [];
  private collector: Collector | undefined;
  private step = 0;

  constructor(
    folder: string,
    private readonly clock: Clock,
  ) {
    this.commandFile = path.join(folder, 'orders.command');
    // For a `.js` Node reads the next package.json above it, which in /tmp may be another user's, and a pipe.
    this.script = path.join(folder, 'app.cjs');
  }

  async play(): Promise<void> {
    // Agents refuse a file that a group may write.
    process.umask(0o022);
    const collector = await startCollector();
    this.collector = collector;
    this.print(`an embedded backend listens on ${collector.address}`);

    writeFileSync(this.script, APPLICATION);
    const neighbour = await this.open(collector, 'stock');
    await this.registered(collector, 'stock');
    const orders = await this.open(collector, 'orders');
    const first = await this.registered(collector, 'orders');
    neighbour.child.kill();
    this.print(`node --require skyanchor/register app.cjs: registered, ${shown(first)}, called orders-1`);

    await this.visit(orders.port, collector, first);

    // The neighbour is gone, so its ids go to orders now: with its old ids it would report under another name.
    await collector.wipe(() => this.shell(`echo reset > ${path.basename(this.commandFile)}`));
    this.print('the storage is cleared; while the backend is away: echo reset > orders.command');

    const answered = await this.until('the answer in the command file', () => {
      const text = readFileSync(this.commandFile, 'utf8');
      return / done /.test(text) && text;
    });
    this.print(`the file now reads\n${answered.trim().replace(/^/gm, '     ')}`);
    const second = await this.registered(collector, 'orders');
    if (second.instance === first.instance) throw new Error('the ids are the same as before, which shows nothing');
    await this.visit(orders.port, collector, second);

    const startedAt = this.clock.elapsed();
    await collector.wipe();
    const third = await this.registered(collector, 'orders');
    const tookMs = Math.round(this.clock.elapsed() - startedAt);
    this.print(
      `cleared once more, without any command: registered again by itself after ${tookMs} ms, ${shown(third)}`,
    );
    await this.visit(orders.port, collector, third);

    if (orders.child.exitCode !== null) throw new Error('the application ended');
    print(`Done. Process ${orders.child.pid} was never restarted.\n`);
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill();
    await this.collector?.stop();
  }

  private print(what: string): void {
    print(`${++this.step}. ${what}\n`);
  }

  private async open({ address }: Collector, service: string): Promise<{ child: ChildProcess; port: number }> {
    const child = spawn(process.execPath, ['--require', REGISTER, this.script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        ...withoutSettings(process.env),
        SW_AGENT_NAME: service,
        SW_AGENT_INSTANCE_NAME: `${service}-1`,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: address,
        SW_AGENT_COMMAND_FILE: path.join(path.dirname(this.commandFile), `${service}.command`),
        SW_AGENT_LOGGING_LEVEL: 'error',
      },
    });
    this.children.push(child);
    let port: number | undefined;
    let failure: Error | undefined;
    child.once('message', (sent) => (port = Number(sent)));
    child.once('exit', (code) => (failure ??= new Error(`the application ended with ${code}`)));
    child.once('error', (error) => (failure ??= error));
    const listening = await this.until(`${service} to listen`, () => {
      if (failure) throw failure;
      return port;
    });
    return { child, port: listening };
  }

  /** The backend knows it, and has heard from it. */
  private registered(collector: Collector, service: string): Promise<Ids> {
    return this.until(`${service} to be registered`, () => {
      const instance = collector.instances().find((one) => one.service === service && one.uuid === `${service}-1`);
      const isAlive = collector.heartbeats().some(({ instanceId }) => instanceId === instance?.id);
      return instance && isAlive && { service: instance.serviceId, instance: instance.id };
    });
  }

  /** Sends a few requests and finds them at the backend, under these ids. */
  private async visit(port: number, collector: Collector, ids: Ids): Promise<void> {
    const before = collector.segments().length;
    for (let order = 1; order <= 5; order++) await visit(`http://127.0.0.1:${port}/orders/7`);
    const found = await this.until('the traces', () => {
      const segments = collector.segments().slice(before);
      return segments.length === 5 && segments;
    });
    for (const { service, serviceId, instanceId, traceId } of found) {
      if (service !== 'orders' || serviceId !== ids.service || instanceId !== ids.instance) {
        throw new Error(`trace ${traceId} came as ${service}, ${shown({ service: serviceId, instance: instanceId })}`);
      }
    }
    const [last] = found.slice(-1);
    this.print(`5 requests to /orders/7: 5 traces at the backend under ${shown(ids)}; the last is ${last?.traceId}`);
  }

  private shell(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const cwd = path.dirname(this.commandFile);
      const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c'];
      execFile(shell, [flag, line], { cwd }, (error) => (error ? reject(new Error(error.message)) : resolve()));
    });
  }

  private async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const deadline = this.clock.elapsed() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (this.clock.elapsed() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
      await pause(LOOK_AGAIN_MS, this.clock);
    }
  }
}

function shown({ service, instance }: Ids): string {
  return `service ${service}, instance ${instance}`;
}

function visit(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

/** Those of an agent in production would put the demo into its spool and its status file. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(?:SW|SKYANCHOR)_/i.test(name)));
}
