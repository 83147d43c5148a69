'use strict';

if (process.env.WITH_AGENT === 'yes') require('skyanchor').start({ serviceName: 'orders' });

test('1 is 1', () => expect(1).toBe(1));
