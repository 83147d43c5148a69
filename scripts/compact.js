'use strict';

/*
 * Every byte of the start path is parsed before the application's first line, and every byte of dist is installed.
 * So comments, indentation and the names of local variables are shortened. Lines, and the names of functions and
 * classes, stay: a stack trace tells as much as before, and what Node prints of an uncaught error is one short line.
 */

/** Comments are for readers of the sources; they were a fifth of what is published and loaded. */
function withoutComments(source) {
  // Not above: this file is loaded before TypeScript and swc are installed.
  const ts = require('typescript');
  const compilerOptions = { removeComments: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

function compact(source) {
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(source, {
    configFile: false,
    swcrc: false,
    isModule: false,
    minify: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'ecmascript' },
      minify: { compress: false, mangle: { keep_classnames: true, keep_fnames: true } },
    },
  });
  return withoutIndentation(code);
}

/** A function in brackets, which it keeps: they tell V8 to compile it at once. */
function compactExpression(source) {
  return compact(source).trimEnd().replace(/;$/, '');
}

function withoutIndentation(source) {
  const ts = require('typescript');
  const file = ts.createSourceFile('file.js', source, ts.ScriptTarget.ES2022);
  const templates = [];
  const visit = (node) => {
    if (ts.isTemplateLiteralToken(node)) templates.push({ from: node.getStart(file), to: node.end });
    ts.forEachChild(node, visit);
  };
  visit(file);
  const isInTemplate = (at) => templates.some(({ from, to }) => from <= at && at < to);
  return source.replace(/\n[ \n]+/g, (found, at) => (isInTemplate(at) ? found : '\n'));
}

module.exports = { compact, compactExpression, withoutComments };
