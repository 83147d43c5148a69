import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transpileModule } from '../transpile';

const ROOT = path.join(__dirname, '..', '..', '..');
/** What the programs load, and what that needs. */
const MODULES = ['api', 'base', 'model', 'tracing', 'transport', 'export', 'protocol'];
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'skyanchor');

export interface HostEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it printed after `json`. */
  readonly said: Record<string, unknown>;
}

/** Programs that use these modules as an application does, as processes of their own, compiled from the sources of now. */
export class HostProcess {
  private readonly folder: string;

  constructor() {
    mkdirSync(CACHE, { recursive: true });
    this.folder = mkdtempSync(path.join(CACHE, 'wire-'));
    for (const name of MODULES) transpileModule(name, this.folder);
    writeFileSync(path.join(this.folder, 'host.js'), HOST);
  }

  /** Runs a program to its end; one that does not end within forty seconds is killed, and its code is null. */
  run(body: string, flags: readonly string[] = []): Promise<HostEnd> {
    const script = path.join(this.folder, `program-${programs++}.js`);
    writeFileSync(script, `const host = require('./host.js');\n(async () => {${body}})();\n`);
    const child = spawn(process.execPath, [...flags, script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const killer = setTimeout(() => child.kill('SIGKILL'), 40_000);
    return new Promise((resolve, reject) => {
      child.once('error', reject).once('close', (code) => {
        clearTimeout(killer);
        const said = [...stdout.matchAll(/^json (.*)$/gm)].map(([, json]) => JSON.parse(json!) as object);
        resolve({ code, stdout, stderr, said: Object.assign({}, ...said) as Record<string, unknown> });
      });
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let programs = 0;

/** What the programs share: how they make a backend and segments, and how long they outlive their own work. */
const HOST = `
const { systemClock } = require('./base/clock.js');
const { Log } = require('./base/log.js');
const { createBackend } = require('./protocol/backend.js');
const { v2SegmentCodec } = require('./protocol/v2/segment-codec.js');
const { OpenBatch } = require('./export/open-batch.js');
const { Segment, Span } = require('./model/segment.js');
const { CompactId } = require('./model/ids.js');

const say = (what) => console.log('json ' + JSON.stringify(what));
exports.say = say;
exports.never = new AbortController().signal;

/** A ref'd handle, as an application at work has one. Once it is let go, only we could keep the process up. */
const work = setInterval(() => undefined, 1_000_000);
exports.done = () => {
  clearInterval(work);
  const since = performance.now();
  process.on('exit', () => say({ outlivedMs: performance.now() - since }));
};

/** Five seconds take half of one. */
exports.fastClock = { ...systemClock, after: (ms, fn) => systemClock.after(ms / 10, fn) };

/** Three seconds go by in three milliseconds, so that any number of connections may be made; timers take their time. */
exports.leapingClock = { ...systemClock, elapsed: () => 1_000 * systemClock.elapsed() };

const none = () => 0;
const ids = { serviceId: 3, instanceId: 7, endpoint: none, networkAddress: none };
const names = { protocol: 'v2', epoch: 1, fitting: String, fittingAddress: String, canHold: () => true, ...ids };
exports.names = names;
exports.v3Names = { protocol: 'v3', epoch: 1, service: 'orders', instance: 'orders-1', endpoint: String };

exports.backend = (port, options = {}) =>
  createBackend({
    addresses: [{ host: '127.0.0.1', port }],
    agentVersion: '0.1.0',
    serviceName: 'orders',
    v3Instance: { serviceName: 'orders', instanceName: 'orders-1' },
    protocol: 'v2',
    clock: systemClock,
    log: new Log(systemClock),
    names: () => names,
    confirmedOn: () => 0,
    onLoadError: (error) => say({ loadError: error.message }),
    onIdentityMismatch: (reason) => say({ doubt: reason }),
    ...options,
  });

/** Segments of about these sizes, in bytes, encoded one behind the other. */
exports.encoded = (sizes) => {
  const batch = new OpenBatch(new Log(systemClock));
  for (const size of sizes) batch.append(segmentOf(size), { codec: v2SegmentCodec, names });
  return batch.close(0).bytes;
};

function segmentOf(size) {
  const id = new CompactId(7, 1, Date.now(), 0);
  const segment = new Segment(id, id);
  const span = new Span(segment, 0, -1, 0, '/', Date.now());
  span.tags = ['big', 'x'.repeat(size)];
  segment.add(span);
  return segment;
}
`;
