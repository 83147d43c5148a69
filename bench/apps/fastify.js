'use strict';

const { serve } = require('./measured');
const http = require('node:http');
const fastify = require('fastify');

const app = fastify({ serverFactory: (handler) => http.createServer(handler) });
app.get('/orders/:id', async ({ params }) => ({ id: params.id, left: 7 }));

app.ready().then(() => serve(app.server));
