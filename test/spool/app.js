'use strict';

/*
 * An application with a spool, for tests: makes traces of numbered names, and tells how it is.
 * LEASE_MS: it shows more often that it lives, so that a frozen one need not be waited for for a minute.
 */

const promises = require('node:fs/promises');
const { start } = require('../../dist');

let isDiskFull = false;
const { open } = promises;
promises.open = async (...args) => {
  const handle = await open(...args);
  const { write } = handle;
  handle.write = (...what) => {
    if (!isDiskFull) return write.apply(handle, what);
    return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  };
  return handle;
};

if (process.env.LEASE_MS) require('../../dist/spool/lease-watch').LEASE_MS = Number(process.env.LEASE_MS);

const agent = start({
  serviceName: 'orders',
  instanceName: process.env.INSTANCE,
  backends: process.env.BACKEND,
  delivery: process.env.DELIVERY,
  heartbeatMs: 200,
  // Memory holds next to nothing, so that nearly all of it has to go to the disk while no backend is there.
  maxBuffer: Number(process.env.MAX_BUFFER ?? 4),
  ...(process.env.SPOOL && { spool: { directory: process.env.SPOOL, seal: 'small' } }),
  logLevel: process.env.LOG ?? 'off',
});

const traceIds = [];

process.on('message', ({ make, ask, askTraces, exit, diskFull }) => {
  if (diskFull !== undefined) isDiskFull = diskFull;
  if (make)
    for (let n = make.from; n < make.to; n++) traceIds.push(agent.trace(`${make.name}-${n}`, ({ traceId }) => traceId));
  if (ask) process.send({ status: agent.status() });
  if (askTraces) process.send({ traceIds });
  if (exit !== undefined) process.exit(exit);
});
process.on('disconnect', () => process.exit());
/** Until the instance has its name there is no spool, and what memory does not hold is dropped. */
function announce() {
  if (process.env.SPOOL && !agent.status().spool) setTimeout(announce, 5);
  else process.send({ isUp: true });
}

announce();
