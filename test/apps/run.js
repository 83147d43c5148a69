#!/usr/bin/env node
'use strict';

/*
 * Real applications from npm, unmodified, each bare and with the packed tarball of this checkout:
 *
 *     npm run test:apps [-- [NAME…] [--node 20,22,24,26] [--protocol v2|v3] [--jobs 1|2] [--ci]]
 *
 * Everything that both have (exit code or signal, output, answers, time to the end) must be the same, and the traces as
 * the case says. What is installed is kept in `SKYANCHOR_APPS_CACHE` (`~/.cache/skyanchor-apps`), and so are the results,
 * of which `npm run docs:compatibility` makes a page. `--ci` runs the cases that fit into a quarter of an hour.
 */

const { readArguments } = require('./harness/arguments');
const { installApp, loadTesting, packCheckout } = require('./harness/cache');
const { readCases, selectCases } = require('./harness/cases');
const { isTooOld, nodeOf } = require('./harness/node');
const { endAll } = require('./harness/program');
const { keepResult, rowOf } = require('./harness/results');
const { tryApp } = require('./harness/try-app');

const tell = (line) => process.stderr.write(`${line}\n`);

async function resultOf(app, node, { packed, startCollector }) {
  const version = app.manifest.dependencies[app.package];
  const entry = { name: app.name, title: app.title, package: app.package, version, node: node.version };
  const reason = isTooOld(node, app.minNode ?? '20.0') ?? app.skip?.(node);
  if (reason) return { ...entry, result: 'skipped', differences: [reason], known: [], endpoints: [], seconds: 0 };
  const startedAt = performance.now();
  let tried;
  try {
    tried = await tryApp(app, node, await installApp(app, packed), startCollector);
  } catch (error) {
    tried = { result: 'failed', differences: [`could not be installed: ${error.message}`], known: [], endpoints: [] };
  }
  return { ...entry, ...tried, seconds: Math.round((performance.now() - startedAt) / 1000) };
}

async function runAll(apps, nodes, jobs, context) {
  const waiting = apps.flatMap((app) => nodes.map((node) => [app, node]));
  const busy = new Set();
  const results = [];
  // Two versions of Node would build into the same folder of an application.
  const next = () => waiting.findIndex(([app]) => !busy.has(app));
  const work = async () => {
    for (let at = next(); at !== -1; at = next()) {
      const [[app, node]] = waiting.splice(at, 1);
      busy.add(app);
      const result = await resultOf(app, node, context);
      busy.delete(app);
      results.push(result);
      keepResult(context.packed.hash, result);
      console.log(rowOf(result));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

async function main(argv) {
  const { names, nodes: versions, protocol, jobs, ci } = readArguments(argv);
  const apps = selectCases(readCases(), { names, ci });
  const nodes = (versions.length > 0 ? versions : [undefined]).map(nodeOf);
  const packed = await packCheckout();
  const { startCollector } = await loadTesting(packed);
  const context = { packed, startCollector: () => startCollector({ protocol, idDelayMs: 0 }) };
  const results = await runAll(apps, nodes, jobs, context);
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  if (count('failed') > 0 || results.length === 0) process.exitCode = 1;
}

process.once('exit', endAll);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
main(process.argv.slice(2)).catch((error) => {
  tell(error.message);
  process.exitCode = 2;
});
