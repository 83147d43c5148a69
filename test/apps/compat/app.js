'use strict';

// Written for skywalking-backend-js; only the package's name is another.
let ContextManager;
if (process.env.WITH_AGENT === 'yes') {
  const compat = require('skyanchor/compat');
  ContextManager = compat.ContextManager;
  compat.default.start({ serviceName: process.env.SW_AGENT_NAME, traceIgnorePath: 'GET:/health' });
}

const express = require('express');

const app = express();
app.use((req, res, next) => {
  // Also of requests that are ignored.
  if (ContextManager) ContextManager.currentSpan.tag({ key: 'tenant', val: 'acme', overridable: true });
  next();
});
app.get('/named', (req, res) => {
  if (ContextManager) ContextManager.currentSpan.operation = 'GET:/by/hand';
  res.send('named');
});
app.get('/health', (req, res) => res.send('well'));
app.get('/orders/:order', async (req, res) => {
  const priced = () => Promise.resolve({ order: req.params.order, price: 7 });
  if (!ContextManager) return res.json(await priced());
  const span = ContextManager.current.newLocalSpan('price the order');
  const price = await ContextManager.withSpanAwait(span, priced);
  return res.json(price);
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
