'use strict';

const headers = { 'content-type': 'application/json' };
const query = (id) => JSON.stringify({ query: `{ order(id: "${id}") { id } }` });

module.exports = {
  title: 'Apollo Server 5: raises the signal again',
  package: '@apollo/server',
  ci: true,
  // Under `test` it hears no signals.
  requests: [1, 2].map((id) => ({ path: '/', method: 'POST', headers, body: query(id) })),
  end: 'SIGTERM',
  expects: ({ signal, answers }) => [
    ...(signal === 'SIGTERM' ? [] : [`it ends with ${signal}, and not by the signal`]),
    ...answers.filter(({ status }) => status !== 200).map(({ body }) => body),
  ],
  traces: { endpoints: ['POST:/'] },
};
