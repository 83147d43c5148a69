import { log } from 'node:console';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  response.end('served');
  if (request.url === '/end') server.close();
});
server.listen(0, '127.0.0.1', () => log(server.address().port));
