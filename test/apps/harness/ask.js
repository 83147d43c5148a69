'use strict';

const http = require('node:http');

const TIMEOUT_MS = 30_000;

/** On a connection of its own, so that none is left open. @returns `{status, headers, body}` */
function ask(port, { path, method = 'GET', headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, method, headers, agent: false, timeout: TIMEOUT_MS };
    const request = http.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error(`no answer to ${method} ${path} in ${TIMEOUT_MS} ms`)));
    request.once('error', reject);
    request.end(body);
  });
}

module.exports = { ask };
