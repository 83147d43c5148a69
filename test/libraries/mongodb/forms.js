'use strict';

const ids = (found) => found.map(({ _id }) => _id);

/** Every way to call mongodb, one for each path. */
function forms(client) {
  const orders = client.db('shop').collection('orders');
  return {
    connect: async () => {
      await client.connect();
      await client.db('shop').dropDatabase();
      return 'connected';
    },
    insert: () => orders.insertMany(['a', 'b', 'c'].map((_id) => ({ _id }))).then(({ insertedCount }) => insertedCount),
    find: () => orders.find({ _id: 'secret' }).toArray(),
    iterated: async () => {
      const found = [];
      for await (const order of orders.find().sort({ _id: 1 }).batchSize(2)) found.push(order);
      return ids(found);
    },
    broken: async () => {
      for await (const order of orders.find().sort({ _id: 1 }).batchSize(2)) return order;
      return undefined;
    },
    aggregate: () => orders.aggregate([{ $match: { _id: 'a' } }]).toArray(),
    update: () => orders.updateOne({ _id: 'a' }, { $set: { isSent: true } }).then(({ modifiedCount }) => modifiedCount),
    failed: () => orders.insertOne({ _id: 'a' }),
    removed: () => orders.deleteOne({ _id: 'c' }).then(({ deletedCount }) => deletedCount),
    'eight-promises': (_inner, _done, n) => orders.findOne({ _id: n }),
  };
}

module.exports = { address: `mongodb://127.0.0.1:${process.env.SERVER_PORT}`, forms };
