'use strict';

/** Suites of clients of databases and brokers, each with a server of its own that is started for each run. */

const fs = require('node:fs');
const path = require('node:path');
const { readLines, readMocha, REPORTER } = require('./readers');

const RUN_FILES = path.join(__dirname, 'run-files.mjs');
const TSC = 'node_modules/typescript/bin/tsc';

function filesIn(folder, under, ending) {
  const all = fs.readdirSync(path.join(folder, under), { recursive: true });
  return all.filter((name) => name.endsWith(ending)).map((name) => path.join(under, name));
}

function editManifest(folder, edit) {
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  edit(manifest);
  fs.writeFileSync(file, JSON.stringify(manifest));
}

/** For files that are a process each. */
const runFiles = (concurrency, options) => (files, report) => [
  RUN_FILES,
  report,
  concurrency,
  ...options,
  '--',
  ...files,
];

const runMocha = (mocha, options) => (files, report) => [
  ...[mocha, '--exit', '--timeout', '60000', '--reporter', 'json', '--reporter-option', `output=${report}`],
  ...options,
  ...files,
];

const PG_PACKAGES = [
  'pg',
  'pg-cloudflare',
  'pg-connection-string',
  'pg-cursor',
  'pg-pool',
  'pg-protocol',
  'pg-query-stream',
];

const nodePostgres = {
  copy: 'node-postgres',
  repository: 'the repository brianc/node-postgres',
  sourceVariable: 'PG_SOURCE',
  minNode: '20.0',
  server: {
    name: 'postgresql',
    environment: ({ host, port }) => ({ PGHOST: host, PGPORT: port, PGUSER: 'postgres', PGDATABASE: 'postgres' }),
  },
  /** Without what is for Cloudflare and for libpq, and without linters: hundreds of packages that no test here needs. */
  trim(folder) {
    for (const name of fs.readdirSync(path.join(folder, 'packages')))
      if (!PG_PACKAGES.includes(name)) fs.rmSync(path.join(folder, 'packages', name), { recursive: true });
    editManifest(folder, (manifest) => {
      const { typescript, '@types/node': types } = manifest.devDependencies;
      manifest.devDependencies = { typescript, '@types/node': types };
    });
    editManifest(path.join(folder, 'packages/pg'), (manifest) => {
      const { async, bluebird, co, 'pg-copy-streams': streams } = manifest.devDependencies;
      manifest.devDependencies = { async, bluebird, co, 'pg-copy-streams': streams };
      delete manifest.peerDependencies;
      delete manifest.peerDependenciesMeta;
    });
    fs.chmodSync(path.join(folder, 'packages/pg/test/unit/client/pgpass.file'), 0o600);
  },
  prepare: ['pg-protocol', 'pg-cloudflare', 'pg-query-stream'].map((name) => [
    ...[TSC, '-p', `packages/${name}`, '--skipLibCheck'],
  ]),
};

const mochaOfPg = (name, ending, options = []) => ({
  ...nodePostgres,
  name,
  under: `packages/${name}`,
  environment: { TS_NODE_TRANSPILE_ONLY: 'true' },
  files: (folder) => filesIn(folder, 'test', ending),
  argumentsFor: runMocha('../../node_modules/mocha/bin/_mocha', options),
  read: readMocha,
});

const ioredis = {
  repository: 'the repository redis/ioredis',
  sourceVariable: 'IOREDIS_SOURCE',
  minNode: '20.0',
  // Its tests have this port in them.
  server: { name: 'redis', port: 6379, environment: () => ({}) },
  environment: { TS_NODE_TRANSPILE_ONLY: 'true' },
  files: (folder) => ['test/unit', 'test/functional'].flatMap((under) => filesIn(folder, under, '.ts')),
  argumentsFor: (files, report) =>
    runMocha('node_modules/mocha/bin/_mocha', [])(['test/helpers/*.ts', ...files], report),
  read: readMocha,
};

const clientSuites = [
  {
    ...nodePostgres,
    name: 'pg',
    under: 'packages/pg',
    files: (folder) => ['test/unit', 'test/integration'].flatMap((under) => filesIn(folder, under, '-tests.js')),
    argumentsFor: runFiles(2, []),
    read: readLines,
  },
  mochaOfPg('pg-pool', '.js'),
  mochaOfPg('pg-cursor', '.js'),
  mochaOfPg('pg-query-stream', '.ts', ['-r', 'ts-node/register']),
  // As it is published: its tests then find what has been compiled, in a folder by which its class is known.
  { ...ioredis, name: 'ioredis', prepare: [[TSC]], links: { lib: 'built' } },
  {
    name: 'mysql2',
    repository: 'the repository sidorares/node-mysql2',
    sourceVariable: 'MYSQL2_SOURCE',
    minNode: '20.6',
    server: {
      name: 'mariadb',
      environment: ({ host, port }) => ({ MYSQL_HOST: host, MYSQL_PORT: port }),
      prepare: [
        '-e',
        `const { MYSQL_HOST: host, MYSQL_PORT: port } = process.env;
        const connection = require('./index.js').createConnection({ host, port, user: 'root' });
        connection.query('CREATE DATABASE test', () => connection.end());`,
      ],
    },
    files: (folder) => ['test/unit', 'test/integration'].flatMap((under) => filesIn(folder, under, '.test.mts')),
    argumentsFor: runFiles(3, ['--import', 'tsx']),
    read: readLines,
  },
  {
    name: 'amqplib',
    repository: 'the repository amqp-node/amqplib',
    sourceVariable: 'AMQPLIB_SOURCE',
    minNode: '20.0',
    server: { name: 'rabbitmq', environment: ({ host, port }) => ({ URL: `amqp://${host}:${port}` }) },
    files: (folder) => filesIn(folder, 'test', '.test.js'),
    argumentsFor: (files, report) => [
      ...['--test', '--test-timeout=60000', '--test-reporter', REPORTER, '--test-reporter-destination', report],
      ...files,
    ],
    read: readLines,
  },
];

module.exports = { clientSuites };
