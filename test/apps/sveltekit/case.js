'use strict';

const fs = require('node:fs');
const path = require('node:path');

const json = { 'content-type': 'application/json' };

/** The answers of the application itself. */
const STATUSES = [200, 200, 200, 201, 401, 401, 500, 500, 200, 404];

module.exports = {
  title: 'SvelteKit on adapter-node',
  package: '@sveltejs/kit',
  load: 'import',
  program: ['build/index.js'],
  env: { HOST: '127.0.0.1' },
  requests: [
    { path: '/' },
    { path: '/orders/1001' },
    { path: '/orders/1002' },
    { path: '/api/orders', method: 'POST', headers: json, body: '{"order":1003}' },
    { path: '/guarded/1001' },
    { path: '/guarded/1002' },
    { path: '/broken/1001' },
    { path: '/broken/1002' },
    { path: '/calls' },
    { path: '/nowhere' },
  ],
  end: 'SIGTERM',
  expects({ answers }) {
    const found = answers.map(({ status }) => status).join();
    return found === STATUSES.join() ? [] : [`the application itself answers ${found} instead of ${STATUSES.join()}`];
  },
  // It keeps its routes to itself.
  traces: {
    entries: 11,
    traces: 10,
    refs: 1,
    endpoints: [
      'GET:/',
      'GET:/orders/{id}',
      'POST:/api/orders',
      'GET:/guarded/{id}',
      'GET:/broken/{id}',
      'GET:/calls',
      'GET:/nowhere',
    ],
    exits: [/^127\.0\.0\.1:\d+$/],
  },
  async prepare(stage) {
    await stage.run(['node_modules/vite/bin/vite.js', 'build']);
    // What is built is ES modules, which its users' package.json says.
    fs.writeFileSync(path.join(stage.cwd, 'build', 'package.json'), '{"type":"module"}');
  },
};
