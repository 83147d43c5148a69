import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const SRC = path.join(__dirname, '..', '..', 'src');

/**
 * The rooms as JavaScript in a folder of their own, for children that run without jest's loader; needs no build.
 * Removed after the tests of the file.
 */
export function transpile(rooms: readonly string[]): string {
  const out = mkdtempSync(path.join(tmpdir(), 'skyanchor-rooms-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  for (const room of rooms) {
    mkdirSync(path.join(out, room));
    for (const name of readdirSync(path.join(SRC, room)).filter((file) => file.endsWith('.ts'))) {
      const { code } = transformFileSync(path.join(SRC, room, name), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      writeFileSync(path.join(out, room, name.replace(/\.ts$/, '.js')), code);
    }
  }
  return out;
}
