'use strict';

const net = require('node:net');

const HOST = '127.0.0.1';

/**
 * Free ports are picked below those that systems give to outgoing connections (from 32768 on, at the lowest): one from
 * there could be taken, even by an agent's own attempt to reconnect, while the server that has it is started again.
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const ATTEMPTS = 50;

function listen(port) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(port, HOST, () => resolve(probe));
  });
}

async function listenSomewhere() {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listen(FIRST_PORT + Math.floor(Math.random() * PORTS));
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function listenOn(wanted) {
  try {
    return await (wanted === 0 ? listenSomewhere() : listen(wanted));
  } catch (error) {
    throw new Error(`port ${wanted} cannot be used: ${error.message}`, { cause: error });
  }
}

/**
 * The wanted ports where they are free, a free one for each 0; all are held until the last is found, so that no
 * two are the same. Another process may take one before the server does; starting then tries others.
 */
async function claimPorts(wanted) {
  const probes = [];
  try {
    for (const port of wanted) probes.push(await listenOn(port));
    return probes.map((probe) => probe.address().port);
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, HOST);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

module.exports = { HOST, claimPorts, connects };
