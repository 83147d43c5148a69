'use strict';

/*
 * Makes dist of what tsc has built. What runs before the application's first line is some eighty small modules, and
 * finding, reading and wrapping each costs more than running it; so these are joined into one file, and each of them
 * becomes a line that takes its exports from there. Whoever requires a module, by whichever way, gets the same one.
 */

const fs = require('node:fs');
const path = require('node:path');

const ENTRIES = ['index.js', 'register.js'];
const JOINED = 'start-path.js';

const relative = (name, id) => `${path.posix.join(path.posix.dirname(name), id)}.js`;

/** Every module that is loaded with the entries, each after those it needs. */
function startPath(read) {
  const order = [];
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, id] of read(name).matchAll(/\brequire\("(\.[^"]+)"\)/g)) visit(relative(name, id));
    order.push(name);
  };
  ENTRIES.forEach(visit);
  return order;
}

function join(names, read) {
  const definitions = names.map(
    (name) =>
      `${JSON.stringify(name)}(exports, require, module, __filename, __dirname) {\n${read(name).trimEnd()}\n},\n`,
  );
  return `'use strict';
const path = require('node:path');

const definitions = {
${definitions.join('')}};

const modules = new Map();

/** What \`require\` is to a module at \`name\`. */
function requireFrom(name) {
  return (id) => {
    if (!id.startsWith('.')) return require(id);
    const target = path.posix.join(path.posix.dirname(name), id) + '.js';
    return target in definitions ? load(target) : require('./' + target);
  };
}

function load(name) {
  let module = modules.get(name);
  if (module === undefined) {
    module = { exports: {} };
    modules.set(name, module);
    const filename = path.join(__dirname, name);
    definitions[name].call(module.exports, module.exports, requireFrom(name), module, filename, path.dirname(filename));
  }
  return module.exports;
}

exports.load = load;
`;
}

/** The names stand there for those who read them without running it: \`import { start } from\` finds its names so. */
function stub(name, source) {
  const up = path.posix.relative(path.posix.dirname(name), JOINED);
  const names = [...source.matchAll(/^(?:exports\.(\w+) = |Object\.defineProperty\(exports, "(\w+)", \{ enumerable)/gm)]
    .map(([, plain, getter]) => plain ?? getter)
    .filter((found) => found !== '__esModule');
  const hint = names.length > 0 ? `0 && (module.exports = { ${[...new Set(names)].join(', ')} });\n` : '';
  return `'use strict';\nmodule.exports = require('${up.startsWith('.') ? up : `./${up}`}').load('${name}');\n${hint}`;
}

/** @param from what tsc has written @param to its folder is made anew, beside it at first: somebody may be running it */
function makeDist(from, to) {
  const read = (name) => fs.readFileSync(path.join(from, name), 'utf8');
  const names = startPath(read);
  const unfinished = `${to}.unfinished`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.cpSync(from, unfinished, { recursive: true, filter: (name) => !name.endsWith('.tsbuildinfo') });
  fs.writeFileSync(path.join(unfinished, JOINED), join(names, read));
  for (const name of names) fs.writeFileSync(path.join(unfinished, name), stub(name, read(name)));
  fs.rmSync(to, { recursive: true, force: true });
  fs.renameSync(unfinished, to);
}

module.exports = { makeDist };
