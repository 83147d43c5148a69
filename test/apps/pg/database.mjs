import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** PostgreSQL itself, in memory, behind a socket. */
const server = new PGLiteSocketServer({
  db: await PGlite.create(),
  port: Number(process.env.DATABASE_PORT),
  host: '127.0.0.1',
});
await server.start();
