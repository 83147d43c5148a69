'use strict';

test('2 is 2', async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(2).toBe(2);
});
