'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { query } = require('./graphql');
const { findJava } = require('./java');
const { commandLine, end, launch, waitUntilReady } = require('./jvm');
const { startMariaDb } = require('./mariadb');
const { HOST, claimPorts } = require('./ports');
const { readBack } = require('./readback');
const { makeScratch } = require('./scratch');
const { checkInstalled } = require('./settings');
const { describeVersion } = require('./versions');
const { startZooKeeperAndH2 } = require('./zookeeper-and-h2');

/** A node of a cluster needs less than a server alone: it shares what is kept. */
const HEAP = '384m';
const SESSION_MS = 4_000;

class ClusterNode {
  constructor(cluster, ports, index) {
    this.cluster = cluster;
    this.ports = ports;
    this.index = index;
    this.grpc = `${HOST}:${ports.grpc}`;
    this.http = `http://${HOST}:${ports.http}`;
    this.query = (text, variables) => query(ports.http, text, variables);
    Object.assign(this, readBack(this.query));
  }

  get pid() {
    return this.jvm.child.pid;
  }

  get logFile() {
    return path.join(this.cluster.folder, `node-${this.index}.log`);
  }

  /** The bare start; `ready` waits for it. */
  launch() {
    const { cluster, ports } = this;
    const buffer = path.join(cluster.folder, `buffer-${this.index}`);
    fs.mkdirSync(buffer, { recursive: true });
    const env = {
      ...process.env,
      ...cluster.env,
      OAP_GRPC_PORT: String(ports.grpc),
      OAP_HTTP_PORT: String(ports.http),
      OAP_BUFFER_PATH: buffer,
      OAP_LOG_LEVEL: 'WARN',
    };
    this.jvm = launch(cluster.jdk, cluster.args, env, this.logFile);
  }

  /** @param sees how many nodes, with itself, it has to have found */
  ready(sees) {
    return waitUntilReady(this.jvm, this.ports, sees);
  }

  async start({ sees = this.cluster.nodes.length } = {}) {
    this.launch();
    await this.ready(sees);
  }

  log() {
    return fs.readFileSync(this.logFile, 'utf8');
  }

  kill() {
    return end(this.jvm, 'SIGKILL');
  }

  stop() {
    return end(this.jvm, 'SIGTERM');
  }
}

class Cluster {
  constructor({ version, nodes = 2, storage = 'h2', sessionMs = SESSION_MS, keeperMinutes }) {
    this.described = describeVersion(version);
    if (!this.described.offers.includes('cluster')) throw new Error(`OAP ${version} is not started as a cluster here`);
    checkInstalled(this.described);
    this.wanted = { nodes, storage, sessionMs };
    this.version = version;
    this.protocol = this.described.protocol;
    this.jdk = findJava();
    this.args = commandLine({ described: this.described, jdk: this.jdk, heap: HEAP });
    this.keeper = keeperMinutes === undefined ? {} : { OAP_KEEPER: 'true', OAP_KEEPER_PERIOD: String(keeperMinutes) };
    this.nodes = [];
  }

  get addresses() {
    return this.nodes.map((node) => node.grpc);
  }

  /** The process ids of the JVMs, and of the database. */
  get pids() {
    return [this.shared, this.database, ...this.nodes].flatMap((one) => (one?.pid === undefined ? [] : [one.pid]));
  }

  async prepare() {
    const { described, jdk } = this;
    const { nodes, storage, sessionMs } = this.wanted;
    this.folder = makeScratch(os.tmpdir(), 'skyanchor-cluster-');
    const folder = this.folder;
    this.shared = await startZooKeeperAndH2(described, jdk, { folder, sessionMs });
    if (storage === 'mariadb') this.database = await startMariaDb(folder);
    this.env = {
      ...this.shared.env,
      ...this.database?.env,
      ...this.keeper,
      OAP_CLUSTER: 'zookeeper',
      OAP_ZOOKEEPER: this.shared.zooKeeper,
    };
    const grpc = await claimPorts(Array.from({ length: nodes }, () => 0));
    const http = await claimPorts(Array.from({ length: nodes }, () => 0));
    // All ports have five digits: this is the order in which OAP itself sorts its nodes.
    grpc.sort();
    this.nodes = grpc.map((port, index) => new ClusterNode(this, { grpc: port, http: http[index] }, index));
  }

  /** The first makes the tables, the others find them. */
  async start() {
    const [first, ...others] = this.nodes;
    await first.start({ sees: 1 });
    for (const node of others) node.launch();
    await Promise.all(this.nodes.map((node) => node.ready(this.nodes.length)));
  }

  async kill() {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  sql(statement) {
    return (this.database ?? this.shared).sql(statement);
  }

  async empty() {
    await (this.database ?? this.shared).empty();
    for (const { index } of this.nodes) {
      fs.rmSync(path.join(this.folder, `buffer-${index}`), { recursive: true, force: true });
    }
  }

  /** By name; those of one day have its date behind it. */
  async tables(pattern) {
    const rows = await this.sql('SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES');
    return rows.map(([name]) => name).filter((name) => pattern.test(name));
  }

  /** What the storage holds, a row a segment. */
  async segments() {
    const found = [];
    for (const table of await this.tables(/^segment(_\d+)?$/i)) {
      const rows = await this.sql(`SELECT trace_id, segment_id, service_id FROM ${table}`);
      for (const [traceId, segmentId, service] of rows) found.push({ traceId, segmentId, service });
    }
    return found;
  }

  /** Batches of segments that the storage did not take whole, since it has one of them already. */
  doubles() {
    const isDouble = (line) => / ERROR .*primary key violation.*segment/i.test(line);
    return this.nodes.reduce((sum, node) => sum + node.log().split('\n').filter(isDouble).length, 0);
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.jvm && node.stop()));
    await this.shared?.stop();
    await this.database?.stop();
    if (this.folder) fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a cluster and resolves when all of its nodes have found each other; see oap.d.ts. */
async function startCluster(options) {
  const cluster = new Cluster(options);
  try {
    await cluster.prepare();
    await cluster.start();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

module.exports = { startCluster };
