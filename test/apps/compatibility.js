#!/usr/bin/env node
'use strict';

/*
 * Makes docs/compatibility.md of what `npm run test:apps` has found last, for each application and each Node:
 *
 *     npm run test:apps -- --node 20,22,24,26 && npm run docs:compatibility
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('../package/sandbox');
const { APPS, readCases } = require('./harness/cases');
const { readResults } = require('./harness/results');

const FILE = path.join(ROOT, 'docs', 'compatibility.md');

const HEAD = `# Compatibility

Made by \`npm run test:apps -- --node 20,22,24,26 && npm run docs:compatibility\`; not edited by hand.

Each row is a small application of an unmodified npm package. It runs twice: bare, and with the packed tarball of
skyanchor and an embedded backend. It passes if exit code or signal, output, answers and the time to its end are the
same, and if the backend shows the requests, endpoints and references that are expected. The applications are in
\`test/apps\`; \`npm run test:apps -- koa\` tries one of them.
`;

const lineOf = ({ node }) => Number(node.split('.')[0]);
const unique = (values) => [...new Set(values)];
const escape = (text) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
const row = (cells) => `| ${cells.join(' | ')} |`;

function cellOf(result) {
  if (result === undefined) return 'not tried';
  if (result.result === 'skipped') return escape(result.differences[0]);
  if (result.result === 'failed') return '**fails**';
  return result.known.length > 0 ? 'passes, see below' : 'passes';
}

function tableOf(cases, results, lines) {
  const resultOf = (name, line) => results.find((result) => result.name === name && lineOf(result) === line);
  const body = cases.map(({ name, title, package: of, manifest }) => {
    const cells = lines.map((line) => cellOf(resultOf(name, line)));
    return row([escape(title), `${of} ${manifest.dependencies[of]}`, ...cells]);
  });
  const versions = lines.map((line) => `Node ${results.find((result) => lineOf(result) === line).node}`);
  const head = ['application', 'version', ...versions];
  return [row(head), row(head.map(() => '---')), ...body].join('\n');
}

/** What fails and what is known, each once, with the versions of Node that it holds on. */
function remarksOf(cases, results, title, textsOf) {
  const lines = cases.flatMap(({ name, title: app }) => {
    const own = results.filter((result) => result.name === name);
    const texts = unique(own.flatMap(textsOf));
    return texts.map((text) => {
      const where = own.filter((result) => textsOf(result).includes(text)).map(lineOf);
      return `- ${escape(app)}, Node ${where.sort((one, other) => one - other).join(', ')}: ${escape(text).slice(0, 400)}`;
    });
  });
  return lines.length === 0 ? [] : [`\n## ${title}\n`, ...lines];
}

function endpointsOf(cases, results) {
  const listed = cases.flatMap(({ name, title }) => {
    const own = results.filter((result) => result.name === name && result.endpoints.length > 0);
    const names = unique(own.flatMap(({ endpoints }) => endpoints)).sort();
    return names.length === 0
      ? []
      : [row([escape(title), names.map((endpoint) => `\`${escape(endpoint)}\``).join(', ')])];
  });
  return ['\n## Endpoints\n', row(['application', 'endpoints that the backend shows']), row(['---', '---']), ...listed];
}

function main() {
  const cases = readCases(APPS);
  const isCurrent = (result) => {
    const app = cases.find(({ name }) => name === result.name);
    return app?.manifest.dependencies[app.package] === result.version;
  };
  const results = readResults().filter(isCurrent);
  if (results.length === 0) throw new Error('there are no results: npm run test:apps');
  if (unique(results.map(({ tarball }) => tarball)).length > 1)
    process.stderr.write('the results are of several states of this checkout: npm run test:apps tries all of them\n');
  const lines = unique(results.map(lineOf)).sort((one, other) => one - other);
  const failures = (result) => (result.result === 'failed' ? result.differences : []);
  const page = [
    HEAD,
    tableOf(cases, results, lines),
    ...remarksOf(cases, results, 'What fails', failures),
    ...remarksOf(cases, results, 'What differs and stays', ({ known }) => known),
    ...endpointsOf(cases, results),
  ];
  fs.mkdirSync(path.dirname(FILE), { recursive: true });
  fs.writeFileSync(FILE, `${page.join('\n')}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
