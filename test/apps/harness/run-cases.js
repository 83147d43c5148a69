'use strict';

const { reasonIfUnreachable } = require('../../package/sandbox');
const { installApp, loadTesting, packCheckout } = require('./cache');
const { isTooOld, nodeOf } = require('./node');
const { endAll } = require('./program');
const { keepResult, rowOf } = require('./results');
const { tryApp } = require('./try-app');

const nothing = { differences: [], known: [], endpoints: [] };

/** What the tarball offers; `unreachable` where its own dependencies cannot be had. */
async function contextOf(packed) {
  try {
    return { packed, startCollector: (await loadTesting(packed)).startCollector };
  } catch (error) {
    const unreachable = reasonIfUnreachable(error);
    if (unreachable) return { packed, unreachable };
    throw error;
  }
}

async function resultOf(app, node, protocol, { packed, unreachable, startCollector }) {
  const version = app.manifest.dependencies[app.package];
  const entry = { name: app.name, title: app.title, package: app.package, version, node: node.version };
  const skipped = (reason) => ({ ...entry, ...nothing, result: 'skipped', differences: [reason], seconds: 0 });
  const reason = unreachable ?? isTooOld(node, app.minNode ?? '20.0') ?? app.skip?.(node);
  if (reason) return skipped(reason);
  const startedAt = performance.now();
  let tried;
  try {
    const folder = await installApp(app, packed);
    tried = await tryApp(app, node, folder, () => startCollector({ protocol, idDelayMs: 0 }));
  } catch (error) {
    const unreachable = reasonIfUnreachable(error);
    if (unreachable) return skipped(unreachable);
    tried = { ...nothing, result: 'failed', differences: [`could not be installed: ${error.message}`] };
  }
  return { ...entry, ...tried, seconds: Math.round((performance.now() - startedAt) / 1000) };
}

async function runAll(apps, nodes, { protocols, jobs, isKept }, context) {
  const waiting = apps.flatMap((app) =>
    nodes.flatMap((node) => protocols.map((protocol) => ({ app, node, protocol }))),
  );
  const busy = new Set();
  const results = [];
  // Two versions of Node would build into the same folder of an application.
  const next = () => waiting.findIndex(({ app }) => !busy.has(app));
  const work = async () => {
    for (let at = next(); at !== -1; at = next()) {
      const [{ app, node, protocol }] = waiting.splice(at, 1);
      busy.add(app);
      const result = await resultOf(app, node, protocol, context);
      busy.delete(app);
      results.push(result);
      if (isKept) keepResult(context.packed.hash, result);
      console.log(protocols.length > 1 ? `${protocol} ${rowOf(result)}` : rowOf(result));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

/**
 * Tries each on each Node, and says what it has found.
 * @param nodes versions; none: the one that runs this @param isKept whether the page of compatibility is made of it
 */
async function runCases(apps, { nodes: versions, ...options }) {
  const nodes = (versions.length > 0 ? versions : [undefined]).map(nodeOf);
  const versionsTried = nodes.map(({ version }) => version).join(', ');
  console.log(`${apps.length} cases, protocol ${options.protocols.join(' and ')}, Node ${versionsTried}`);
  const results = await runAll(apps, nodes, options, await contextOf(await packCheckout()));
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  if (count('failed') > 0 || results.length === 0) process.exitCode = 1;
}

/** Runs `main`; whatever it has started ends with this process. */
function runMain(main) {
  process.once('exit', endAll);
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });
}

module.exports = { runCases, runMain };
