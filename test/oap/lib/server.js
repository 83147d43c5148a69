'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { makeCertificate, makeClientCertificate } = require('./certificate');
const { DynamicConfiguration } = require('./dynamic-configuration');
const { query } = require('./graphql');
const { findJava } = require('./java');
const { commandLine, end, launch, waitUntilReady } = require('./jvm');
const { HOST, claimPorts } = require('./ports');
const { readBack } = require('./readback');
const { makeScratch } = require('./scratch');
const { checkSettings, environment } = require('./settings');
const { describeVersion } = require('./versions');

const PORT_ATTEMPTS = 3;

/** Everything a server keeps lies in its data folder; what tells one start from the next is here. */
class Server {
  constructor({
    version,
    grpcPort = 0,
    httpPort = 0,
    data,
    storage = 'mem',
    token,
    tls = false,
    mutualTls = false,
    meters = false,
    configurable = false,
    ...rest
  }) {
    this.described = describeVersion(version);
    checkSettings(this.described, { storage, token, tls, mutualTls, meters, configurable });
    this.wanted = [grpcPort, httpPort];
    this.data = data;
    this.tls = tls || mutualTls;
    this.mutualTls = mutualTls;
    if (configurable) this.configuration = new DynamicConfiguration();
    this.settings = { storage, token, meters, configuration: this.configuration, logLevel: rest.logLevel ?? 'WARN' };
    this.jdk = findJava();
    this.args = commandLine({
      described: this.described,
      jdk: this.jdk,
      heap: rest.heap ?? '512m',
      jvmFlags: rest.jvmFlags ?? [],
      overlay: rest.overlay,
    });
  }

  async prepare() {
    this.dataDir = this.data === undefined ? makeScratch(os.tmpdir(), 'skyanchor-oap-') : path.resolve(this.data);
    this.logFile = path.join(this.dataDir, 'oap.log');
    fs.mkdirSync(path.join(this.dataDir, 'buffer'), { recursive: true });
    if (this.tls) this.settings.certificate = makeCertificate(this.dataDir, 'server');
    if (this.mutualTls) this.settings.clientAuthority = makeCertificate(this.dataDir, 'client-authority');
    await this.configuration?.listen();
  }

  async boot() {
    const env = environment({ ...this.settings, ports: this.ports }, this.dataDir);
    this.jvm = launch(this.jdk, this.args, env, this.logFile);
    try {
      await waitUntilReady(this.jvm, this.ports);
    } catch (error) {
      await end(this.jvm, 'SIGKILL');
      throw error;
    }
  }

  async bootOnFreePorts() {
    for (let attempt = 1; ; attempt++) {
      const [grpc, http, agents] = await claimPorts(this.mutualTls ? [...this.wanted, 0] : this.wanted);
      this.ports = { grpc, http, agents };
      try {
        return await this.boot();
      } catch (error) {
        if (!error.portTaken || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  forget() {
    // The buffer goes too: segments waiting in it would be replayed into the new server.
    for (const name of ['buffer', 'h2']) fs.rmSync(path.join(this.dataDir, name), { recursive: true, force: true });
    fs.mkdirSync(path.join(this.dataDir, 'buffer'), { recursive: true });
  }

  tidy() {
    this.configuration?.close();
    if (this.data === undefined && this.dataDir) fs.rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Wraps asynchronous acts so that each waits for the one before it, whatever came of that. */
function oneAtATime() {
  let last = Promise.resolve();
  return (act) =>
    (...args) =>
      (last = last.catch(() => {}).then(() => act(...args)));
}

/** What can be done to a running server, one thing at a time. */
function controls(server) {
  const inTurn = oneAtATime();
  let stopped = false;

  async function again(signal, whileDown) {
    if (stopped) throw new Error('this OAP was stopped');
    await end(server.jvm, signal);
    await whileDown();
    await server.boot();
  }

  return {
    restart: inTurn((whileDown = async () => {}) => again('SIGTERM', whileDown)),
    wipe: inTurn((whileDown = async () => {}) =>
      again('SIGKILL', () => {
        server.forget();
        return whileDown();
      }),
    ),
    stop: inTurn(async () => {
      if (stopped) return;
      stopped = true;
      await end(server.jvm, 'SIGTERM');
      server.tidy();
    }),
  };
}

/** Starts one OAP and resolves when it answers; see oap.d.ts for the options and the handle. */
async function startOap(options) {
  const server = new Server(options);
  try {
    await server.prepare();
    await server.bootOnFreePorts();
  } catch (error) {
    server.tidy();
    throw error;
  }
  const ask = (text, variables) => query(server.ports.http, text, variables);
  return {
    version: server.described.version,
    protocol: server.described.protocol,
    grpc: `${HOST}:${server.ports.agents ?? server.ports.grpc}`,
    http: `http://${HOST}:${server.ports.http}`,
    get pid() {
      return server.jvm.child.pid;
    },
    get exited() {
      return server.jvm.exited;
    },
    dataDir: server.dataDir,
    logFile: server.logFile,
    ca: server.settings.certificate?.cert,
    clientCertificate(name) {
      const { clientAuthority } = server.settings;
      if (!clientAuthority) throw new Error('only what was started with `mutualTls` asks for certificates');
      return makeClientCertificate(server.dataDir, name, clientAuthority);
    },
    query: ask,
    configure(service, values) {
      if (!server.configuration) throw new Error('only what was started with `configurable` can be configured');
      server.configuration.configure(service, values);
    },
    ...readBack(ask),
    ...controls(server),
  };
}

module.exports = { startOap };
