'use strict';

const http = require('node:http');
const { createTerminus } = require('@godaddy/terminus');

const server = http.createServer((req, res) => res.end('served'));
createTerminus(server, {
  signals: ['SIGTERM', 'SIGINT'],
  healthChecks: { '/health': async () => 'well' },
  onSignal: async () => console.log('cleaning up'),
  onShutdown: async () => console.log('shut down'),
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
