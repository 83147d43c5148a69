'use strict';

const { serve } = require('./measured');
const http = require('node:http');

serve(
  http.createServer((request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end('hello world\n');
  }),
);
