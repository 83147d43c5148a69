'use strict';

/*
 * What a server asks, each second, for all that its operator has changed while it runs: a gRPC service made only of
 * Node's own modules and the table in ../wire.
 */

const http2 = require('node:http2');

const { HOST } = require('./ports');
const { encode } = require('./protobuf');
const { frame } = require('./wire');

const tables = require('../wire/configuration.json');

const AGENTS = 'configuration-discovery.default.agentConfigurations';

const STATUS = { ok: '0', unimplemented: '12' };

function answer(stream, status, messages) {
  stream.on('error', () => {});
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  // Its question holds nothing that is of interest: one cluster asks, and is told all of it each time.
  stream.resume().once('end', () => stream.end(Buffer.concat(messages.map(frame))));
}

class DynamicConfiguration {
  constructor() {
    this.agents = new Map();
    this.sessions = new Set();
    this.answers = 0;
    this.server = http2.createServer();
    this.server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => {});
      session.once('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, headers) => {
      const message = this.messageFor(headers[':path']);
      answer(stream, message ? STATUS.ok : STATUS.unimplemented, message ? [message] : []);
    });
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, HOST, resolve);
    });
  }

  get port() {
    return this.server.address().port;
  }

  messageFor(path) {
    // One that the server has seen before would say that nothing has changed since.
    const uuid = String(++this.answers);
    if (path === '/ConfigurationService/call') {
      return encode(tables, 'ConfigurationResponse', { configTable: [this.agentConfigurations()], uuid });
    }
    // Asked whenever the other one is; there are no groups.
    if (path === '/ConfigurationService/callGroup') return encode(tables, 'GroupConfigurationResponse', { uuid });
    return undefined;
  }

  agentConfigurations() {
    const configurations = Object.fromEntries(this.agents);
    // Empty is said, too: of what is not in the table the server keeps what it had. It reads YAML, which JSON is.
    const value = this.agents.size === 0 ? '' : JSON.stringify({ configurations });
    return { name: AGENTS, value };
  }

  configure(service, values) {
    if (values === undefined) this.agents.delete(service);
    else this.agents.set(service, values);
  }

  close() {
    this.server.close();
    for (const session of this.sessions) session.destroy();
  }
}

module.exports = { DynamicConfiguration };
