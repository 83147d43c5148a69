'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const pair = (name) => ({ spans: [`RabbitMQ/${name}/Producer`, `RabbitMQ/${name}/Consumer`] });

module.exports = {
  ...libraryCase({
    server: 'rabbitmq',
    forms: {
      connect: { spans: [] },
      queue: pair('orders'),
      exchange: pair('shop/mail.new'),
      confirmed: pair('orders'),
      'confirmed-callback': { spans: ['RabbitMQ/fetched/Producer'] },
      fetched: { spans: [] },
    },
    eight: { 'eight-messages': pair('shop/mail.eight') },
    isOwn: ({ operationName }) => operationName.startsWith('RabbitMQ/'),
    oddities: (span, tags, port) => [
      ...placeOddities(span, tags, {
        port,
        layer: 'MQ',
        component: 'rabbitmq-producer',
        'mq.broker': `127.0.0.1:${port}`,
      }),
      ...(tags['mq.queue'] ? [] : ['a span has no queue']),
    ],
  }),
  title: "amqplib, by OpenTelemetry's instrumentation of it",
  package: 'amqplib',
  shares: ['shared'],
  ci: true,
};
