'use strict';

const express = require('express');

const app = express();
const tenants = express.Router({ mergeParams: false });

app.use(express.json());
app.use(
  '/tenants/:tenant',
  (req, res, next) => (req.get('authorization') ? next() : res.status(401).send('who?')),
  tenants,
);
tenants.get('/orders/:order', (req, res) => res.json({ order: req.params.order }));
app.get('/orders/:order', (req, res) => res.json({ order: req.params.order }));
app.post('/orders', (req, res) => res.status(201).json(req.body));
app.get(['/list/:one', '/lists/:one'], (req, res) => res.send(req.params.one));
app.get(/^\/files\/(\d+)$/, (req, res) => res.send(req.params[0]));
app.get('/broken/:one', () => {
  throw new Error('broken');
});
app.use((error, req, res, next) => (res.headersSent ? next(error) : res.status(500).send(error.message)));

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
