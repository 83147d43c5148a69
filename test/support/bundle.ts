import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';

/**
 * A CommonJS program and all that it requires by name as one text, as bundlers make it: `__filename` is that of the
 * bundle.
 */
export function bundleOf(entry: string): string {
  const ids = new Map<string, number>();
  const modules: string[] = [];
  const add = (file: string): number => {
    const known = ids.get(file);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(file, id);
    const source = readFileSync(file, 'utf8').replace(/^#!.*/, '');
    const body = file.endsWith('.json') ? `module.exports = ${source};` : bundled(source, createRequire(file), add);
    modules[id] = `function (module, exports, require) {\n${body}\n}`;
    return id;
  };
  add(entry);
  return `
    const modules = [${modules.join(',\n')}];
    const loaded = new Map();
    function __bundled(id) {
      if (!loaded.has(id)) {
        const module = { exports: {} };
        loaded.set(id, module);
        modules[id].call(module.exports, module, module.exports, require);
      }
      return loaded.get(id).exports;
    }
    __bundled(0);
  `;
}

function bundled(source: string, { resolve }: NodeJS.Require, add: (file: string) => number): string {
  return source.replace(/\brequire\(\s*(['"])([^'"]+)\1\s*\)/g, (call, _quote, name: string) => {
    if (isBuiltin(name)) return call;
    try {
      return `__bundled(${add(resolve(name))})`;
    } catch {
      // What is optional, or stands in a comment.
      return call;
    }
  });
}
