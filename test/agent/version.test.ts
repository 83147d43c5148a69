import { readFileSync } from 'node:fs';
import path from 'node:path';
import { version } from '../../src/agent/version';

it('the version in the code is the one in package.json', () => {
  const published = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8'));
  expect(version).toBe(published.version);
});
