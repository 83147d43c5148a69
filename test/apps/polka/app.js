'use strict';

const polka = require('polka');

function answer(res, status, body) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

const app = polka();
app.use('guarded', (req, res) => answer(res, 401, 'who?'));
app.get('/orders/:order', (req, res) => answer(res, 200, { order: req.params.order }));
app.post('/orders', (req, res) => {
  let body = '';
  req.on('data', (chunk) => (body += chunk));
  req.on('end', () => answer(res, 201, JSON.parse(body)));
});
app.get('/guarded/:order', (req, res) => answer(res, 200, 'you'));
app.get('/broken/:order', (req, res) => answer(res, 500, 'broken'));

const { server } = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
