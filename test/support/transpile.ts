import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const SRC = path.join(__dirname, '..', '..', 'src');

/**
 * These modules as JavaScript in a folder of their own, for children that run without jest's loader; needs no build.
 * Removed after the tests of the file.
 */
export function transpile(modules: readonly string[]): string {
  const out = mkdtempSync(path.join(tmpdir(), 'skyanchor-modules-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  for (const name of modules) transpileModule(name, out);
  return out;
}

/** One folder of `src`, with all that is in it. */
export function transpileModule(name: string, out: string): void {
  for (const file of readdirSync(path.join(SRC, name), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const { code } = transformFileSync(path.join(SRC, name, file), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    const to = path.join(out, name, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, code);
  }
}
