'use strict';

const mongoose = require('mongoose');
const { serve } = require('./serve');

const Order = mongoose.model('Order', new mongoose.Schema({ _id: String, amount: Number }, { versionKey: false }));

serve(
  {
    connect: async () => {
      await mongoose.connect(`mongodb://127.0.0.1:${process.env.SERVER_PORT}/stock`, {
        maxPoolSize: 1,
        autoIndex: false,
      });
      await mongoose.connection.dropDatabase();
      await Order.createCollection();
      return 'connected';
    },
    save: () => new Order({ _id: 'a', amount: 1 }).save(),
    create: () => Order.create([{ _id: 'b', amount: 2 }]),
    insert: () => Order.insertMany([{ _id: 'c', amount: 3 }]),
    find: () => Order.findOne({ _id: 'secret' }),
    // A query does nothing before it is awaited, and may be awaited once.
    lazy: async () => {
      const query = Order.find({ amount: { $gt: 1 } }).sort('_id');
      await null;
      return query.lean();
    },
    twice: async () => {
      const query = Order.findOne({ _id: 'a' });
      await query;
      return query.then(
        () => 'again',
        (error) => error.name,
      );
    },
    // Plain objects, and the query itself stays one of mongoose's.
    lean: async () => {
      const query = Order.findOne({ _id: 'a' }).lean();
      const isQuery = query instanceof mongoose.Query && typeof query.then === 'function';
      const found = await query;
      return [isQuery, Object.getPrototypeOf(found) === Object.prototype, found instanceof Order, found];
    },
    'lean-exec': () => Order.find({ _id: 'a' }).lean().exec(),
    'never-awaited': () => {
      Order.findOne({ _id: 'a' }).lean();
      return Promise.resolve('no call');
    },
    chained: () => {
      const called = [];
      const note = (name) => () => void called.push(name);
      return Order.findOne({ _id: 'a' })
        .then(note('then'))
        .finally(note('finally'))
        .then(() => called);
    },
    caught: () => Order.findOne({ amount: 'much' }).catch(({ name }) => name),
    aggregate: () => Order.aggregate([{ $match: { _id: 'a' } }]),
    update: () => Order.updateOne({ _id: 'a' }, { amount: 2 }).then(({ modifiedCount }) => modifiedCount),
    failed: () => Order.create([{ _id: 'a' }]),
    refused: () => Order.findOne({ amount: 'much' }),
    cursor: async () => {
      const found = [];
      for await (const { _id } of Order.find().sort('_id').cursor()) found.push(_id);
      return found;
    },
    'cursor-broken': async () => {
      const cursor = Order.find().sort('_id').cursor({ batchSize: 1 });
      for await (const { _id } of cursor) return [_id, cursor.options.batchSize];
      return 'none';
    },
    'cursor-closed': async () => {
      const cursor = Order.find().sort('_id').lean().cursor({ batchSize: 1 });
      const first = await cursor.next();
      await cursor.close();
      return [first, await cursor.next().catch(({ name }) => name)];
    },
    removed: () => Order.deleteOne({ _id: 'c' }).then(({ deletedCount }) => deletedCount),
    'eight-promises': (_inner, _done, n) => Order.findById(n),
  },
  (done) => mongoose.disconnect().then(done),
);
