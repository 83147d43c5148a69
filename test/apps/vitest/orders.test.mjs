import { createServer } from 'node:http';
import { expect, test } from 'vitest';

if (process.env.WITH_AGENT === 'yes') {
  const { start } = await import('skyanchor');
  start({ serviceName: 'orders' });
}

test('an order is served', async () => {
  const server = createServer((req, res) => res.end('served'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const response = await fetch(`http://127.0.0.1:${server.address().port}/orders`);
  expect(await response.text()).toBe('served');
  await new Promise((resolve) => server.close(resolve));
});
