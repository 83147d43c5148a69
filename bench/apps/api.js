'use strict';

const { serve } = require('./measured');
const http = require('node:http');
const { current } = require('../agents/in-process');

const { span } = current();
const PRICES = { apple: 3, pear: 4, plum: 5 };

async function load(request) {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return text;
}

/** Five steps, each a local span; three of them asynchronous. */
async function price(request) {
  const text = await span('load', () => load(request));
  const order = span('parse', () => JSON.parse(text));
  const prices = await span('look up prices', async () => PRICES);
  const total = await span('add up', async () =>
    order.items.reduce((sum, { name, count }) => sum + prices[name] * count, 0),
  );
  return span('render', () => JSON.stringify({ id: order.id, total }));
}

serve(
  http.createServer((request, response) => {
    price(request).then(
      (text) => {
        response.setHeader('content-type', 'application/json');
        response.end(text);
      },
      (error) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  }),
);
