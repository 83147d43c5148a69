'use strict';

const restify = require('restify');

const server = restify.createServer({ name: 'orders' });
server.use(restify.plugins.bodyParser());
server.get('/orders/:order', (req, res, next) => {
  res.send({ order: req.params.order });
  next();
});
server.post('/orders', (req, res, next) => {
  res.send(201, req.body);
  next();
});
server.get('/guarded/:order', (req, res, next) => {
  res.send(401, 'who?');
  next(false);
});
server.get('/broken/:order', (req, res, next) => next(new Error('broken')));

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
