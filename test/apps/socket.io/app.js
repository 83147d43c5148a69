'use strict';

const http = require('node:http');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');

const port = Number(process.env.PORT);

/** A client that says a word and tells what comes back. */
function echo(transport) {
  const client = connect(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true });
  return new Promise((resolve, reject) => {
    client.once('connect_error', reject);
    client.emit('echo', transport, (text) => {
      client.disconnect();
      resolve(text);
    });
  });
}

const server = http.createServer(async (req, res) => res.end(await echo(req.url.slice(1))));
const io = new Server(server);
io.on('connection', (socket) => socket.on('echo', (text, answer) => answer(`echo ${text}`)));
server.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => io.close(() => console.log('closed')));
