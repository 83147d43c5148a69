'use strict';

const { serve } = require('./measured');
const http = require('node:http');

serve(
  http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { note } = JSON.parse(Buffer.concat(chunks));
      response.setHeader('content-type', 'text/plain');
      response.end(`${note.length}\n`);
    });
  }),
);
