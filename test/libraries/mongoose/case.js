'use strict';

const { libraryCase, placeOddities } = require('../library-case');

const named = (...names) => ({ spans: names.map((name) => `Mongoose/${name}`) });

module.exports = {
  ...libraryCase({
    server: 'mongodb',
    forms: {
      connect: named(),
      save: named('save'),
      create: named('save'),
      insert: named('insertMany'),
      find: named('findOne'),
      lazy: named('find'),
      twice: named('findOne'),
      lean: named('findOne'),
      'lean-exec': named('find'),
      'never-awaited': named(),
      chained: named('findOne'),
      caught: named('findOne failed'),
      aggregate: named('aggregate'),
      update: named('updateOne'),
      failed: named('save failed'),
      refused: named('findOne failed'),
      // Mongoose publishes each document of a cursor, not each answer.
      cursor: named(),
      'cursor-broken': named(),
      'cursor-closed': named(),
      removed: named('deleteOne'),
    },
    eight: { 'eight-promises': named('findOne') },
    isOwn: ({ operationName }) => operationName.startsWith('Mongoose/'),
    // Its component is that of MongoDB on v2, whose backends have none of this name.
    oddities: (span, tags, port) => [
      ...placeOddities(span, tags, {
        port,
        layer: 'Database',
        'db.type': 'MongoDB',
        'db.instance': 'stock',
      }),
      ...(/secret/.test(JSON.stringify(tags)) ? ['a value is in the tags'] : []),
      ...(tags['db.statement'] ? [] : ['a span has no statement']),
    ],
  }),
  title: 'mongoose',
  package: 'mongoose',
  shares: ['shared'],
  ci: true,
};
