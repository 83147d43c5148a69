'use strict';

const http = require('node:http');

/** Takes everything that dd-trace has to say. */
const server = http.createServer((req, res) => {
  req.resume();
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end('{}');
});
server.listen(Number(process.env.DD_TRACE_AGENT_PORT), '127.0.0.1');
