'use strict';

/* Where the libraries and the other agents are installed, and what is run beside them. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { npm } = require('../../test/package/sandbox');

const FOLDER =
  process.env.SKYANCHOR_BENCH_LIBRARIES_CACHE || path.join(os.homedir(), '.cache', 'skyanchor-bench-libraries');
/** The newest generation that runs on Node 20. */
const DEPENDENCIES = {
  '@grpc/grpc-js': '1.14.7',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/exporter-trace-otlp-grpc': '0.223.1',
  '@opentelemetry/instrumentation': '0.223.0',
  '@opentelemetry/instrumentation-amqplib': '0.70.0',
  '@opentelemetry/instrumentation-grpc': '0.223.0',
  '@opentelemetry/instrumentation-ioredis': '0.71.0',
  '@opentelemetry/instrumentation-kafkajs': '0.32.0',
  '@opentelemetry/instrumentation-mongodb': '0.76.0',
  '@opentelemetry/instrumentation-mysql2': '0.69.0',
  '@opentelemetry/instrumentation-pg': '0.76.0',
  '@opentelemetry/instrumentation-redis': '0.71.0',
  '@opentelemetry/sdk-trace-node': '2.12.0',
  amqplib: '2.3.1',
  ioredis: '5.11.0',
  kafkajs: '2.2.4',
  mongodb: '7.9.0',
  mysql2: '3.24.6',
  pg: '8.23.1',
  redis: '6.3.1',
  'skywalking-backend-js': '0.9.0',
};

async function install() {
  const file = path.join(FOLDER, 'package.json');
  const manifest = JSON.stringify({ name: 'bench', private: true, dependencies: DEPENDENCIES });
  fs.mkdirSync(FOLDER, { recursive: true });
  // Their place decides what they, and the agents, find installed.
  for (const name of ['child.js', 'agents.js', 'calls.js', 'stock.js', 'spans.js'])
    fs.copyFileSync(path.join(__dirname, name), path.join(FOLDER, name));
  if (fs.existsSync(path.join(FOLDER, '.installed')) && fs.readFileSync(file, 'utf8') === manifest) return;
  fs.rmSync(path.join(FOLDER, '.installed'), { force: true });
  fs.writeFileSync(file, manifest);
  await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], { cwd: FOLDER });
  fs.writeFileSync(path.join(FOLDER, '.installed'), '');
}

module.exports = { FOLDER, install };
