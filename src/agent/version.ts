import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of skyanchor, from its package.json: two folders up, from `src/agent` as from `dist/agent`. */
export const version: string = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;
