'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const PRODUCER = 'Kafka/orders/Producer';
const CONSUMER = 'Kafka/orders/Consumer';
const BATCH = 'Kafka/batches/Consumer';

const isBatch = ({ operationName }) => operationName === BATCH;

/** Eight messages of eight traces are one entry span, with a ref to each of their senders. */
function batchOddities(segments) {
  const batches = segments.flatMap(({ spans }) => spans.filter(isBatch));
  if (batches.length !== 1) return [`${batches.length} spans of a batch`];
  const [{ refs, type, layer }] = batches;
  const senders = new Set(refs.map(({ parentSegmentId, parentSpanId }) => `${parentSegmentId} ${parentSpanId}`));
  return type === 'Entry' && layer === 'MQ' && refs.length === 8 && senders.size === 8
    ? []
    : [`a batch is ${type} of layer ${layer} with refs to ${senders.size} senders`];
}

module.exports = {
  ...libraryCase({
    server: 'kafka',
    forms: {
      connect: { spans: [] },
      send: { spans: [PRODUCER, CONSUMER] },
      'send-batch': { spans: [PRODUCER, CONSUMER] },
      failed: { spans: ['Kafka/no topic of a name like this/Producer failed'] },
      transaction: { spans: ['Kafka/transactions/Producer'] },
      'transaction-aborted': { spans: ['Kafka/transactions/Producer'] },
      'transaction-offsets': { spans: ['Kafka/transactions/Producer'] },
      'transaction-over': { spans: ['Kafka/transactions/Producer failed'] },
    },
    eight: { 'eight-batch': { spans: ['Kafka/batches/Producer'], may: BATCH } },
    isOwn: ({ operationName }) => operationName.startsWith('Kafka/'),
    oddities: (span, tags, port) =>
      placeOddities(span, tags, {
        port,
        layer: 'MQ',
        component: 'kafka-producer',
        'mq.broker': `127.0.0.1:${port}`,
        'mq.topic': span.operationName.split('/')[1],
      }),
    more: batchOddities,
  }),
  title: "kafkajs, by OpenTelemetry's instrumentation of it",
  package: 'kafkajs',
  shares: ['shared'],
  ci: true,
  timeoutMs: 60_000,
};
