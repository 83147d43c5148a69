'use strict';

/* global expect, test */

const http = require('node:http');
const { start } = require('skyanchor');

// As an application under test does: never stopped.
const agent = start({ serviceName: 'unstopped', backends: process.env.BACKEND });

test('a suite is traced', async () => {
  const server = http.createServer((_, response) => response.end(agent.currentTraceId() ?? 'untraced'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
    expect(await response.text()).toMatch(/^[\w.-]{20,}$/);
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
