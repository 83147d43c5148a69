'use strict';

/*
 * Makes dist from what tsc has built. About eighty small modules run before the application's first line, and finding,
 * reading and wrapping each costs more than running it. So they are bundled into one file, and each of them becomes a
 * line that takes its exports from there: every way to require a module leads to the same one.
 * All files are required by a literal path, so bundlers and file tracers find them.
 */

const fs = require('node:fs');
const path = require('node:path');

const { compact, compactExpression, withoutComments } = require('./compact');
const { pruneDeclarations } = require('./prune-declarations');

const ENTRIES = ['index.js', 'register.js'];
const BUNDLE = 'start-path.js';
const MARK = 'Object.defineProperty(exports, "__esModule", { value: true });';
/** What tsc makes of a module that has only types: no other module requires it. */
const TYPES_ONLY = `"use strict";\n${MARK}`;

/** How tsc writes an import, at the start of a line. A `require` in a function is indented; it loads when it is called. */
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
 * A module's source as it stands in the bundle. All paths are resolved here: resolving them at start, for each
 * `require`, makes Node's `path` so hot that V8 optimizes it, which takes 4 MB of memory.
 */
function embedded(name, source) {
  if (/\b__(filename|dirname)\b/.test(source))
    throw new Error(`${name} uses __filename or __dirname, which differ in a bundle`);
  // The whole file is strict. Only a caller outside the bundle reads `__esModule`.
  const bare = source.replace(/^"use strict";\n/, '');
  return (ENTRIES.includes(name) ? bare : bare.replace(`${MARK}\n`, ''))
    .replace(IMPORT, (_, before, id) => `${before}fromStartPath(${JSON.stringify(relative(name, id))})`)
    .replace(LATE, (_, id) => `require('./${relative(name, id)}')`)
    .trimEnd();
}

/** One character beyond Latin-1, even in a comment, makes every character of the file take two bytes of memory. */
function ascii(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The brackets tell V8 that each function is about to be called, so it does not parse everything twice. */
function bundle(names, read) {
  const definitions = names.map(
    (name) =>
      `${JSON.stringify(name)}: ${compactExpression(`(function (exports, module) {\n${embedded(name, read(name))}\n})`)},\n`,
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
  if (inspect instanceof Function || !/[\\\\/]${BUNDLE.replace('.', '\\.')}$/.test(__filename)) return undefined;
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

/** The names are listed for tools that read them without running the file: `import { start } from` finds them there. */
function stub(name, source) {
  const up = path.posix.relative(path.posix.dirname(name), BUNDLE);
  const names = [...source.matchAll(/^(?:exports\.(\w+) = |Object\.defineProperty\(exports, "(\w+)", \{ enumerable)/gm)]
    .map(([, plain, getter]) => plain ?? getter)
    .filter((found) => found !== '__esModule');
  const hint = names.length > 0 ? `0 && (module.exports = { ${[...new Set(names)].join(', ')} });\n` : '';
  const load = `module.exports = require('${up.startsWith('.') ? up : `./${up}`}').load('${name}');\n`;
  return `'use strict';\n${name === 'register.js' ? harmless(load) : load}${hint}`;
}

/** For `--require`: the application runs, too, where what ran before has made Node unfit to load a module. */
function harmless(load) {
  return `try {
${load}} catch (error) {
try {
process.stderr.write(\`skyanchor error: the application runs untraced: \${error}\\n\`);
} catch {}
}
`;
}

/** @param from what tsc has written @param to is replaced at the end, because a process may be running it */
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
    if (read(name).trimEnd() === TYPES_ONLY) fs.rmSync(file);
    else if (!names.includes(name)) fs.writeFileSync(file, compact(read(name)));
  }
  fs.writeFileSync(path.join(unfinished, BUNDLE), bundle(names, read));
  for (const name of names) fs.writeFileSync(path.join(unfinished, name), stub(name, read(name)));
  pruneDeclarations(unfinished);
  fs.rmSync(to, { recursive: true, force: true });
  fs.renameSync(unfinished, to);
}

module.exports = { makeDist };
