'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { environment } = require('../../package/sandbox');
const { until } = require('../../package/until');
const { ask } = require('./ask');
const { hasSettled, seenBy } = require('./expectations');
const { Program, freePort } = require('./program');

const START_TIMEOUT_MS = 60_000;
const TRACES_TIMEOUT_MS = 15_000;
const PREPARE_TIMEOUT_MS = 300_000;
const END_TIMEOUT_MS = 30_000;
const LOADING = {
  require: ['--require', 'skyanchor/register'],
  import: ['--import', 'skyanchor/register'],
  program: [],
};

/** One run of an application: bare, or with the agent and a collector of its own. What a case's functions get. */
class Stage {
  programs = [];

  /** @param collector undefined: bare */
  constructor(app, node, folder, collector) {
    this.app = app;
    this.node = node;
    this.folder = folder;
    this.cwd = folder;
    this.collector = collector;
    this.timeoutMs = app.timeoutMs ?? END_TIMEOUT_MS;
  }

  static async open(app, node, folder, collector) {
    const stage = new Stage(app, node, folder, collector);
    stage.port = await freePort();
    stage.env = stage.environment();
    return stage;
  }

  get isTraced() {
    return this.collector !== undefined;
  }

  environment() {
    const ours = environment();
    const paths = [this.node.folder, path.join(this.folder, 'node_modules', '.bin'), ours.PATH];
    const agent = {
      WITH_AGENT: 'yes',
      SW_AGENT_NAME: this.app.name,
      SW_AGENT_INSTANCE_NAME: 'app',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: this.collector?.address.replace(
        /^[^:]+/,
        this.app.backendHost ?? '127.0.0.1',
      ),
      SW_AGENT_HEARTBEAT_MS: '1000',
    };
    return {
      ...ours,
      PATH: paths.join(path.delimiter),
      PORT: String(this.port),
      NO_COLOR: '1',
      NODE_ENV: 'production',
      ...this.app.env,
      ...(this.isTraced && agent),
    };
  }

  /** Arguments of node that load the agent; none where the run is bare or the application loads it. */
  get loading() {
    return this.isTraced ? LOADING[this.app.load] : [];
  }

  /** Starts node with these arguments, and with the agent unless it is bare. */
  start(args, { env } = {}) {
    return this.spawn([...this.loading, ...args], env);
  }

  /** Runs node without the agent, to the end. Rejects unless that is exit code 0. @returns what it printed */
  async run(args, { env, cwd } = {}) {
    const program = this.spawn(args, env, cwd);
    try {
      return await program.succeeds(PREPARE_TIMEOUT_MS);
    } finally {
      program.destroy();
    }
  }

  /** A folder with nothing beside these files: no package.json, no node_modules above it. It is gone when the runner ends. */
  aloneIn(...files) {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-alone-')));
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    for (const file of files)
      fs.cpSync(path.join(this.cwd, file), path.join(folder, path.basename(file)), { recursive: true });
    return folder;
  }

  spawn(args, env, cwd = this.cwd) {
    const command = path.join(this.node.folder, process.platform === 'win32' ? 'node.exe' : 'node');
    const program = new Program(command, args, { cwd, env: { ...this.env, ...env } });
    this.programs.push(program);
    return program;
  }

  ask(request) {
    return ask(this.port, typeof request === 'string' ? { path: request } : request);
  }

  until(read, what, timeoutMs) {
    return until(read, what, timeoutMs);
  }

  /** On v2 nothing refers to its caller before the ids are there; on v3 names are enough. */
  async isRegistered() {
    if (this.collector?.protocol === 'v2') await until(() => this.collector.heartbeats().length > 0, 'a heartbeat');
  }

  /**
   * With the agent: until the collector has what `expected` says, and the agent has been quiet since. Says nothing where
   * it does not come: what is missing is found when the traces are looked at.
   */
  async tracesArrive(expected) {
    if (!this.isTraced || expected === undefined) return;
    const settled = () => hasSettled(this.collector, expected) || this.programs.every(({ end }) => end !== undefined);
    await until(settled, 'the traces', TRACES_TIMEOUT_MS).catch(() => undefined);
  }

  /** What the collector has seen; undefined: bare. */
  seen() {
    return this.isTraced ? seenBy(this.collector) : undefined;
  }

  close() {
    for (const program of this.programs) program.destroy();
  }

  /** Start, wait until it listens, ask, wait for the traces, end. @returns what is compared */
  async play() {
    const { app } = this;
    const startedAt = performance.now();
    const program = this.start(app.program);
    const answers = [];
    if (app.requests.length > 0) {
      await program.listensOn(this.port, START_TIMEOUT_MS);
      if (app.ready) await program.prints(app.ready, START_TIMEOUT_MS);
      await this.isRegistered();
      if (app.warmUp) await this.ask(app.warmUp);
      for (const request of app.requests) answers.push(await this.ask(request));
      await this.tracesArrive(app.traces);
    }
    const isAsked = app.end !== 'itself';
    const endingAt = isAsked ? performance.now() : startedAt;
    if (isAsked) program.kill(app.end);
    const end = await program.endsWithin(this.timeoutMs);
    const endMs = performance.now() - endingAt;
    if (!isAsked) await this.tracesArrive(app.traces);
    return { answers, ...end, endMs, stdout: program.stdout, stderr: program.stderr };
  }
}

module.exports = { Stage };
