'use strict';

const amqp = require('amqplib');
const { serve } = require('./serve');

let connection;
let channel;
let confirming;
/** By the text of a message: what to do in the handler that it is given to. */
const waiting = new Map();

/** Resolves when a consumer has handled the message, with what it has asked for in its handler. */
function handled(text, inner) {
  return new Promise((resolve) => waiting.set(text, () => inner(() => resolve(text))));
}

function take(message) {
  channel.ack(message);
  waiting.get(String(message.content))?.();
}

function publish(text, inner, send) {
  const done = handled(text, inner);
  send(Buffer.from(text));
  return done;
}

serve(
  {
    connect: async () => {
      connection = await amqp.connect(`amqp://127.0.0.1:${process.env.SERVER_PORT}`);
      channel = await connection.createChannel();
      confirming = await connection.createConfirmChannel();
      await channel.assertExchange('shop', 'topic', { durable: false });
      for (const queue of ['orders', 'mails', 'fetched']) await channel.assertQueue(queue, { durable: false });
      await channel.bindQueue('mails', 'shop', 'mail.*');
      for (const queue of ['orders', 'mails']) await channel.consume(queue, take);
      return 'connected';
    },
    queue: (inner) => publish('one', inner, (content) => channel.sendToQueue('orders', content)),
    exchange: (inner) => publish('two', inner, (content) => channel.publish('shop', 'mail.new', content)),
    confirmed: (inner) => publish('three', inner, (content) => confirming.sendToQueue('orders', content)),
    'confirmed-callback': (inner, done) =>
      void confirming.sendToQueue('fetched', Buffer.from('four'), {}, (error) => inner(() => done(error, 'confirmed'))),
    fetched: async () => String((await channel.get('fetched', { noAck: true })).content),
    'eight-messages': (inner, _done, n) =>
      publish(`eight ${n}`, inner, (content) => channel.publish('shop', 'mail.eight', content)),
  },
  (done) => connection.close().then(done),
);
