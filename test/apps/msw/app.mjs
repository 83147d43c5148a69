import http from 'node:http';
import { http as mock, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';

setupServer(mock.get('http://prices.test/prices', () => HttpResponse.json({ price: 7 }))).listen({
  onUnhandledRequest: 'bypass',
});

function priceByHttp() {
  return new Promise((resolve, reject) => {
    const request = http.get('http://prices.test/prices', (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

async function priceByFetch() {
  const response = await fetch('http://prices.test/prices');
  return response.text();
}

const server = http.createServer(async (req, res) =>
  res.end(await (req.url === '/fetch' ? priceByFetch() : priceByHttp())),
);
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
