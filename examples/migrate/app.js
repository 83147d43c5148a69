'use strict';

/*
 * An application that was written for skywalking-backend-js. With `before` it runs by that package, with `after` by
 * skyanchor; nothing else differs. Every variable of the environment stays.
 */

const { default: agent, ContextManager } = require(
  process.argv[2] === 'before' ? 'skywalking-backend-js' : 'skyanchor/compat',
);

agent.start({
  serviceName: 'migrated',
  collectorAddress: process.env.COLLECTOR ?? '127.0.0.1:11800',
  traceIgnorePath: 'GET:/health',
});

const http = require('node:http');
const express = require('express');

const app = express();
app.get('/health', (_request, response) => response.send('well'));
app.get('/prices/:id', (request, response) => response.json({ id: request.params.id, price: 7 }));
app.get('/orders/:id', async (request, response) => {
  const span = ContextManager.current.newLocalSpan('price the order');
  const price = await ContextManager.withSpanAwait(span, async () => {
    span.tag({ key: 'order', val: request.params.id, overridable: true });
    return ask(`/prices/${request.params.id}`);
  });
  response.json(price);
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

function ask(path) {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: server.address().port, path }, (answer) => {
        let text = '';
        answer.on('data', (part) => (text += part)).on('end', () => resolve(JSON.parse(text)));
      })
      .on('error', reject);
  });
}
