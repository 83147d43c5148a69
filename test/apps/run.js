#!/usr/bin/env node
'use strict';

/*
 * Real applications from npm, unmodified, each bare and with the packed tarball of this checkout:
 *
 *     npm run test:apps [-- [NAME…] [--node 20,22,24,26] [--protocol v2|v3] [--jobs 1|2] [--ci]]
 *
 * Everything that both have (exit code or signal, output, answers, time to the end) must be the same, and the traces as
 * the case says. What is installed is kept in `SKYANCHOR_APPS_CACHE` (`~/.cache/skyanchor-apps`), and so are the results
 * (on v3), of which `npm run docs:compatibility` makes a page. `--ci` runs the cases that fit into a quarter of an hour.
 */

const { reasonIfUnreachable } = require('../package/sandbox');
const { readArguments } = require('./harness/arguments');
const { installApp, loadTesting, packCheckout } = require('./harness/cache');
const { readCases, selectCases } = require('./harness/cases');
const { isTooOld, nodeOf } = require('./harness/node');
const { endAll } = require('./harness/program');
const { keepResult, rowOf } = require('./harness/results');
const { tryApp } = require('./harness/try-app');

const nothing = { differences: [], known: [], endpoints: [] };

/** What the tarball offers; `unreachable` where its own dependencies cannot be had. */
async function contextOf(packed, protocol) {
  try {
    const { startCollector } = await loadTesting(packed);
    // The page is of v3.
    return { packed, isKept: protocol === 'v3', startCollector: () => startCollector({ protocol, idDelayMs: 0 }) };
  } catch (error) {
    const unreachable = reasonIfUnreachable(error);
    if (unreachable) return { packed, unreachable };
    throw error;
  }
}

async function resultOf(app, node, context) {
  const version = app.manifest.dependencies[app.package];
  const entry = { name: app.name, title: app.title, package: app.package, version, node: node.version };
  const skipped = (reason) => ({ ...entry, ...nothing, result: 'skipped', differences: [reason], seconds: 0 });
  const reason = context.unreachable ?? isTooOld(node, app.minNode ?? '20.0') ?? app.skip?.(node);
  if (reason) return skipped(reason);
  const startedAt = performance.now();
  let tried;
  try {
    tried = await tryApp(app, node, await installApp(app, context.packed), context.startCollector);
  } catch (error) {
    const unreachable = reasonIfUnreachable(error);
    if (unreachable) return skipped(unreachable);
    tried = { ...nothing, result: 'failed', differences: [`could not be installed: ${error.message}`] };
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
      if (context.isKept) keepResult(context.packed.hash, result);
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
  const context = await contextOf(packed, protocol);
  const results = await runAll(apps, nodes, jobs, context);
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  if (count('failed') > 0 || results.length === 0) process.exitCode = 1;
}

process.once('exit', endAll);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
