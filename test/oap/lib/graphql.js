'use strict';

const http = require('node:http');

const { HOST } = require('./ports');

const DEADLINE_MS = 10_000;

function postGraphql(port, query, variables = {}) {
  const body = JSON.stringify({ query, variables });
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: HOST,
        port,
        path: '/graphql',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        agent: false,
        timeout: DEADLINE_MS,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        // A server that is killed in the middle of an answer shows here, and not on the request.
        response.once('error', reject);
        response.on('end', () => {
          try {
            resolve(JSON.parse(text));
          } catch {
            reject(new Error(`GraphQL answered ${response.statusCode}: ${text.slice(0, 200)}`));
          }
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error(`GraphQL did not answer within ${DEADLINE_MS} ms`)));
    request.once('error', reject);
    request.end(body);
  });
}

async function query(port, text, variables) {
  const { data, errors } = await postGraphql(port, text, variables);
  if (errors?.length) throw new Error(`GraphQL: ${errors.map((error) => error.message).join('; ')}`);
  return data;
}

module.exports = { query };
