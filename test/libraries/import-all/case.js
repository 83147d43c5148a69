'use strict';

const { serverOf } = require('../library-case');
const { reasonIfMissing } = require('../../servers/servers');

const SERVERS = ['postgresql', 'mariadb', 'redis', 'mongodb'];
const SPANS = {
  pg: 'PostgreSQL/SELECT',
  mysql2: 'Mysql/SELECT',
  ioredis: 'Redis/get',
  redis: 'Redis/get',
  mongodb: 'MongoDB/find',
};
const requests = Object.keys(SPANS).flatMap((library) => [1, 2].map((n) => ({ path: `/${library}/${n}` })));

/** The call of each library is in the segment of its request. */
function oddities({ segments }) {
  const exits = segments
    .filter(({ spans }) => spans.some(({ type }) => type === 'Entry'))
    .flatMap(({ spans }) => spans.filter(({ type }) => type === 'Exit').map(({ operationName }) => operationName))
    .sort()
    .join();
  const wanted = Object.values(SPANS)
    .flatMap((name) => [name, name])
    .sort()
    .join();
  return exits === wanted ? [] : [`expected ${wanted}, found ${exits}`];
}

module.exports = {
  title: 'five libraries in an ECMAScript module, with --import',
  package: 'express',
  program: ['app.mjs'],
  load: 'import',
  ci: true,
  skip: () => SERVERS.map(reasonIfMissing).find((reason) => reason !== undefined),
  requests,
  end: 'SIGTERM',
  async play(stage) {
    const ports = {};
    for (const name of SERVERS) ports[name] = (await serverOf(name)).port;
    stage.env = { ...stage.env, SERVER_PORTS: JSON.stringify(ports) };
    const program = stage.start(stage.app.program);
    await program.listensOn(stage.port, 60_000);
    await stage.isRegistered();
    const answers = [];
    for (const request of requests) answers.push(await stage.ask(request));
    await stage.tracesArrive({ entries: requests.length });
    program.kill('SIGTERM');
    return { answers, ...(await program.endsWithin(30_000)), stdout: program.stdout, stderr: program.stderr };
  },
  expects: ({ answers }) => answers.filter(({ status }) => status !== 200).map(({ body }) => `it fails: ${body}`),
  expectsWithAgent: ({ stderr, seen }) => [...oddities(seen), ...(stderr === '' ? [] : [`stderr: ${stderr}`])],
};
