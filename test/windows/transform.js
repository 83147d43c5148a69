'use strict';

/* What the tests use of `@swc/core`, and jest's transform, by TypeScript. */

const { readFileSync } = require('node:fs');
const ts = require('typescript');

const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  inlineSourceMap: true,
};

function transformSync(source, { filename: fileName } = {}) {
  return { code: ts.transpileModule(source, { fileName, compilerOptions }).outputText };
}

module.exports = {
  transformSync,
  transformFileSync: (filename) => transformSync(readFileSync(filename, 'utf8'), { filename }),
  /** For jest. */
  process: (source, filename) => transformSync(source, { filename }),
};
