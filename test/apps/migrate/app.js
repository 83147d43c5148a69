'use strict';

// As written for skywalking-backend-js, in CommonJS: the package's name is another, and every variable stays.
if (process.env.WITH_AGENT === 'yes') require('skyanchor/compat').default.start();

const http = require('node:http');
const express = require('express');

const port = Number(process.env.PORT);
const app = express();
app.get('/health', (request, response) => response.send('well'));
app.get('/picture.gif', (request, response) => response.send('a picture'));
app.get('/orders/:order', (request, response) => {
  http.request({ host: '127.0.0.1', port, path: '/health', agent: false }, (answer) => answer.pipe(response)).end();
});

const server = app.listen(port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
