'use strict';

/** What is asked of an application of Next.js: pages, a route handler, and what is not there. */
module.exports = {
  load: 'program',
  package: 'next',
  env: { NEXT_TELEMETRY_DISABLED: '1' },
  requests: [
    { path: '/' },
    { path: '/orders/1001' },
    { path: '/orders/1002' },
    { path: '/api/orders/1001' },
    { path: '/api/orders/1002' },
    { path: '/nowhere' },
  ],
  program: ['node_modules/next/dist/bin/next', 'start', '--hostname', '127.0.0.1'],
  // It listens before instrumentation.js has run.
  ready: /Ready in/,
  end: 'SIGTERM',
  expects({ answers }) {
    const found = answers.map(({ status }) => status).join();
    return found === '200,200,200,200,200,404' ? [] : [`the application itself answers ${found}`];
  },
  // Next.js 16 may run instrumentation.js in the first request, which then comes too early to be traced.
  warmUp: { path: '/' },
  traces: {
    moreEntries: true,
    endpoints: ['GET:/', 'GET:/orders/[order]', 'GET:/api/orders/[order]', 'GET:/_not-found'],
  },
  // What it makes of a page carries the number of the build; caches are its own.
  normalise: [[/"b":"[\w-]+"|\\"b\\":\\"[\w-]+\\"/g, '<build>']],
  prepare: (stage) => stage.run(['node_modules/next/dist/bin/next', 'build']).then(() => undefined),
};
