import { expect, test } from 'vitest';

test('2 is 2', () => expect(2).toBe(2));
