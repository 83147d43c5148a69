'use strict';

/*
 * Makes dist of what tsc has built. What runs before the application's first line is some eighty small modules, and
 * finding, reading and wrapping each costs more than running it; so these are joined into one file, and each of them
 * becomes a line that takes its exports from there. Whoever requires a module, by whichever way, gets the same one.
 * All files are required by a literal path, so bundlers and file tracers find them.
 */

const fs = require('node:fs');
const path = require('node:path');

const { keepReachable } = require('./declarations');

const ENTRIES = ['index.js', 'register.js'];
const JOINED = 'start-path.js';
const MARK = 'Object.defineProperty(exports, "__esModule", { value: true });';
/** What tsc makes of a module that has only types: nobody requires it. */
const OF_TYPES = `"use strict";\n${MARK}`;

/** tsc writes imports so, at the start of a line. A `require` in a function, indented, loads its module when it is called. */
const IMPORT = /^((?:(?:const|var) \w+ = .*)?)\brequire\("(\.[^"]+)"\)/gm;
const LATE = /\brequire\(['"](\.[^'"]+)['"]\)/g;

const relative = (name, id) => `${path.posix.join(path.posix.dirname(name), id)}.js`;

/** Every module that is loaded with the entries, each after those it needs. */
function startPath(read) {
  const order = [];
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, , id] of read(name).matchAll(IMPORT)) visit(relative(name, id));
    order.push(name);
  };
  ENTRIES.forEach(visit);
  return order;
}

/**
 * A module's source, to stand among the others. All paths are made here: to do so at start, for each `require`, makes
 * Node's `path` so hot that V8 optimizes it, which takes 4 MB of memory.
 */
function embedded(name, source) {
  if (/\b__(filename|dirname)\b/.test(source)) throw new Error(`${name} asks where it lies: a bundle lies elsewhere`);
  // The whole file is strict. Only who comes from outside asks whether this was a module of another kind.
  const bare = source.replace(/^"use strict";\n/, '');
  return (ENTRIES.includes(name) ? bare : bare.replace(`${MARK}\n`, ''))
    .replace(IMPORT, (_, before, id) => `${before}fromStartPath(${JSON.stringify(relative(name, id))})`)
    .replace(LATE, (_, id) => `require('./${relative(name, id)}')`)
    .trimEnd();
}

/** One character beyond Latin-1, be it in a comment, would make every character of the file take two bytes of memory. */
function ascii(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The brackets tell V8 that each function is about to be called, so it does not parse everything twice. */
function join(names, read) {
  const definitions = names.map(
    (name) => `${JSON.stringify(name)}: (function (exports, module) {\n${embedded(name, read(name))}\n}),\n`,
  );
  return ascii(`'use strict';
const definitions = {
${definitions.join('')}};

const modules = new Map();

function fromStartPath(name) {
  let module = modules.get(name);
  if (module === undefined) {
    module = { exports: {} };
    modules.set(name, module);
    definitions[name].call(module.exports, module.exports, module);
  }
  return module.exports;
}

/**
 * A test runner evaluates modules in a realm of its own, which it takes apart after each suite, and the agent outlives
 * that: so it is loaded into Node's own realm, once for all suites of a process. \`module.require\` leads there.
 */
function loadOfNodesRealm() {
  const { inspect } = require('node:util');
  // In a bundle, the file is the application.
  if (inspect instanceof Function || !/[\\\\/]${JOINED.replace('.', '\\.')}$/.test(__filename)) return undefined;
  const Module = require('node:module');
  try {
    return new Module(__filename).require(__filename).load;
  } catch {
    return undefined;
  }
}

exports.load = fromStartPath;
exports.load = loadOfNodesRealm() ?? fromStartPath;
`);
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

/** Comments are for those who read the sources, and of what is published and loaded they were a fifth. */
function withoutComments(source) {
  // Not above: this file is loaded to install it.
  const ts = require('typescript');
  const compilerOptions = { removeComments: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/** @param from what tsc has written @param to its folder is made anew, beside it at first: somebody may be running it */
function makeDist(from, to) {
  const sources = new Map();
  const read = (name) => {
    if (!sources.has(name)) sources.set(name, withoutComments(fs.readFileSync(path.join(from, name), 'utf8')));
    return sources.get(name);
  };
  const names = startPath(read);
  const unfinished = `${to}.unfinished`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.cpSync(from, unfinished, { recursive: true, filter: (name) => !name.endsWith('.tsbuildinfo') });
  for (const name of fs.readdirSync(unfinished, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const file = path.join(unfinished, name);
    if (read(name).trimEnd() === OF_TYPES) fs.rmSync(file);
    else fs.writeFileSync(file, read(name));
  }
  fs.writeFileSync(path.join(unfinished, JOINED), join(names, read));
  for (const name of names) fs.writeFileSync(path.join(unfinished, name), stub(name, read(name)));
  keepReachable(unfinished);
  fs.rmSync(to, { recursive: true, force: true });
  fs.renameSync(unfinished, to);
}

module.exports = { makeDist };
