import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Bytes that protoc made from the `.textproto` beside them. */
export function vector(name: string): Buffer {
  const file = path.join(__dirname, '..', '..', '..', 'fixtures', `${name}.hex`);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}
