'use strict';

const http = require('node:http');
const Sentry = require('@sentry/node');
const express = require('express');

const port = Number(process.env.PORT);
const app = express();
app.get('/orders/:order', (req, res) => {
  http.get({ host: '127.0.0.1', port, path: '/inner', agent: false }, (inner) =>
    inner.resume().on('end', () => res.json({ order: req.params.order })),
  );
});
app.get('/inner', (req, res) => res.send('inner'));
app.get('/broken/:order', () => {
  throw new Error('broken');
});
Sentry.setupExpressErrorHandler(app);
app.use((error, req, res, next) => (res.headersSent ? next(error) : res.status(500).send(error.message)));

const server = app.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () =>
  server.close(async () => {
    await Sentry.close(1_000);
    console.log('closed');
  }),
);
