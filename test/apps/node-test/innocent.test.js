'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

test('2 is 2', () => assert.equal(2, 2));
