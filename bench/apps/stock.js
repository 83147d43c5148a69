'use strict';

/* The service that the express application asks; it is neither traced nor measured. */

const http = require('node:http');

const server = http.createServer((request, response) => response.end('{"left":7}'));
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ ready: true, port: server.address().port }));
