'use strict';

/*
 * The small service that every web framework's application is: orders by their number, behind a guard, and broken. Asked
 * for two of each, so that an endpoint that carries the number shows as two.
 */

const json = { 'content-type': 'application/json' };

const requests = [
  { path: '/orders/1001' },
  { path: '/orders/1002?full=yes' },
  { path: '/orders', method: 'POST', headers: json, body: '{"order":1003}' },
  { path: '/guarded/1001' },
  { path: '/guarded/1002' },
  { path: '/broken/1001' },
  { path: '/broken/1002' },
  { path: '/nowhere' },
];

const endpoints = [
  /^GET:\/orders\/[^0-9]+$/,
  'POST:/orders',
  // Some know no more at the guard than where it stands.
  /^GET:\/guarded(\/[^0-9]+)?$/,
  /^GET:\/broken\/[^0-9]+$/,
  /^GET:\/nowhere/,
];

/** The answers that every framework gives, whatever its bodies look like. */
const STATUSES = [200, 200, 201, 401, 401, 500, 500, 404];

function expects({ answers }) {
  const found = answers.map(({ status }) => status).join();
  return found === STATUSES.join() ? [] : [`the application itself answers ${found} instead of ${STATUSES.join()}`];
}

module.exports = { end: 'SIGTERM', requests, expects, traces: { endpoints } };
