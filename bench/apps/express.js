'use strict';

const { serve } = require('./measured');
const http = require('node:http');
const express = require('express');

const [stockPort] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });

/** What another service has of it. */
function stockOf(id, found, failed) {
  http
    .get({ host: '127.0.0.1', port: stockPort, path: `/stock/${id}`, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => found(JSON.parse(text)));
    })
    .on('error', failed);
}

const app = express();
app.get('/orders/:id', (request, response, next) => {
  const { id } = request.params;
  stockOf(id, (stock) => response.json({ id, stock }), next);
});

serve(http.createServer(app));
