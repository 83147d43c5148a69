'use strict';

const mysql = require('mysql2');

/** A server that answers every query with one row. */
const server = mysql.createServer();
server.on('connection', (connection) => {
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '8.0.0',
    connectionId: 1,
    statusFlags: 2,
    characterSet: 8,
    capabilityFlags: 0xffffff,
  });
  connection.on('query', () => {
    const column = { catalog: 'def', schema: '', table: '', orgTable: '', name: 'one', orgName: '' };
    const rest = { characterSet: 63, columnLength: 1, columnType: 8, type: 8, flags: 0, decimals: 0 };
    connection.writeTextResult([{ one: '1' }], [{ ...column, ...rest }]);
  });
  connection.on('error', () => undefined);
});
server.listen(Number(process.env.DATABASE_PORT), '127.0.0.1');
