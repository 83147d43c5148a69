'use strict';

const tracer = require('dd-trace').init({ startupLogs: false });
const http = require('node:http');
const express = require('express');

const port = Number(process.env.PORT);
const app = express();
app.get('/orders/:order', (req, res) => {
  http.get({ host: '127.0.0.1', port, path: '/inner', agent: false }, (inner) =>
    inner.resume().on('end', () => res.json({ order: req.params.order, traced: tracer.scope().active() !== null })),
  );
});
app.get('/inner', (req, res) => res.send('inner'));

const server = app.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
