import { createServer, type Server } from 'node:http';

const server: Server = createServer((req, res) => res.end('served'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
