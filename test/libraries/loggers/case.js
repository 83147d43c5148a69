'use strict';

const FORMS = ['plain', 'child', 'frozen', 'error', 'own', 'nested', 'same', 'same', 'quiet'];
const LOGGERS = ['pino', 'pino-mixin', 'winston', 'bunyan'];

module.exports = {
  title: 'pino, winston and bunyan with the ids of the trace',
  package: 'pino',
  ci: true,
  end: 'SIGTERM',
  env: { SW_LOG_CORRELATION: 'true' },
  requests: [
    ...LOGGERS.flatMap((name) => FORMS.map((form) => ({ path: `/${name}/${form}` }))),
    { path: '/winston/logged' },
    { path: '/outside' },
  ],
  expects: ({ answers }) =>
    answers.filter(({ status, body }) => status !== 200 || !body.startsWith('[')).map(({ body }) => body),
};
