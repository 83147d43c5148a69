'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { CACHE } = require('../apps/harness/cache');
const { Program, canConnect } = require('../apps/harness/program');
const { environment, npm, run } = require('../package/sandbox');
const servers = require('../servers/servers');

const SUITE_TIMEOUT_MS = 3_600_000;
/** Some projects have a thousand packages. */
const INSTALL_TIMEOUT_MS = 900_000;
/** How often a test must end otherwise to be called different. */
const LOOKS = 3;

/** A copy of the checkout with what it needs to be tested. @returns its folder */
async function copySource({ name, copy = name, sourceVariable, trim, prepare = [], links = {} }, node) {
  const source = fs.realpathSync(process.env[sourceVariable]);
  const folder = path.join(CACHE, 'foreign', copy);
  const manifest = fs.readFileSync(path.join(source, 'package.json'), 'utf8');
  const stamp = path.join(folder, '.installed');
  const isInstalled = fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === manifest;
  if (!isInstalled) fs.rmSync(folder, { recursive: true, force: true });
  for (const link of Object.keys(links)) fs.rmSync(path.join(folder, link), { recursive: true, force: true });
  const isSource = (file, into) => {
    // What is a link since the last time would be copied onto itself.
    if (fs.lstatSync(into, { throwIfNoEntry: false })?.isSymbolicLink()) fs.rmSync(into);
    return !['node_modules', '.git'].includes(path.relative(source, file));
  };
  fs.cpSync(source, folder, { recursive: true, filter: isSource, verbatimSymlinks: true });
  trim?.(folder);
  const options = { cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS };
  if (!isInstalled) {
    await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], options);
    fs.writeFileSync(stamp, manifest);
  }
  // Each time: the sources may be others than those that were copied before.
  for (const command of prepare) await run(path.join(node.folder, 'node'), command, options);
  for (const [link, target] of Object.entries(links)) {
    fs.rmSync(path.join(folder, link), { recursive: true });
    fs.symlinkSync(target, path.join(folder, link));
  }
  return fs.realpathSync(folder);
}

/** Two tests of one name in one file are told apart by their order. */
function byName(tests) {
  const results = new Map();
  for (const { file, test, result } of tests) {
    const name = `${file}: ${test}`;
    let unique = name;
    for (let count = 2; results.has(unique); count++) unique = `${name} (${count})`;
    results.set(unique, { file, result });
  }
  return results;
}

/** A new one for each run, so that nothing is left in it of another. @returns `{environment, stop}` */
async function startServer({ name, port, environment: environmentOf, prepare }, { node, folder }) {
  // Another may have begun to use it since the suite was chosen, and the tests empty what is there.
  if (port !== undefined && (await canConnect(port))) throw new Error(`port ${port}, for ${name}, is taken`);
  const server = await servers.start(name, port);
  const env = Object.fromEntries(Object.entries(environmentOf(server)).map(([key, value]) => [key, String(value)]));
  try {
    if (prepare) await run(path.join(node.folder, 'node'), prepare, { cwd: folder, env });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { environment: env, stop: server.stop };
}

/** @param collector undefined: bare @returns how each test ended */
async function runSuite(suite, { node, folder, files, register }, collector) {
  const report = path.join(folder, `.report-${process.pid}`);
  const agent = {
    NODE_OPTIONS: `--require ${JSON.stringify(register)}`,
    SW_AGENT_NAME: suite.name,
    SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector?.address,
  };
  const server = suite.server && (await startServer(suite.server, { node, folder }));
  const env = {
    ...environment(),
    NODE_ENV: 'test',
    ...suite.environment,
    ...server?.environment,
    ...(collector && agent),
  };
  fs.rmSync(report, { force: true });
  const program = new Program(path.join(node.folder, 'node'), suite.argumentsFor(files, report), { cwd: folder, env });
  try {
    await program.endsWithin(SUITE_TIMEOUT_MS);
    if (!fs.existsSync(report)) throw new Error(`${suite.name} reports nothing\n${program.output}`);
    return byName(suite.read(report, folder));
  } finally {
    program.destroy();
    fs.rmSync(report, { force: true });
    await server?.stop();
  }
}

async function runBoth(suite, context) {
  const bare = await runSuite(suite, context);
  const collector = await context.startCollector();
  try {
    const traced = await runSuite(suite, context, collector);
    if (collector.instances().length === 0) throw new Error(`${suite.name} ran without the agent`);
    return { bare, traced };
  } finally {
    await collector.stop();
  }
}

function differencesOf({ bare, traced }) {
  const names = [...new Set([...bare.keys(), ...traced.keys()])];
  const resultIn = (results, test) => results.get(test)?.result ?? 'missing';
  return names
    .map((test) => ({ test, bare: resultIn(bare, test), traced: resultIn(traced, test) }))
    .filter((entry) => entry.bare !== entry.traced)
    .map((entry) => ({ ...entry, file: (bare.get(entry.test) ?? traced.get(entry.test)).file }));
}

/** @returns `{tests, differences}`: those that ended otherwise every time that they were looked at */
async function compareSuite(suite, node, only, { startCollector, register }) {
  const folder = path.join(await copySource(suite, node), suite.under ?? '');
  const files = suite.files(folder).filter((file) => only === undefined || only.test(file));
  const context = { node, folder, files, register, startCollector };
  const first = await runBoth(suite, context);
  let differences = differencesOf(first);
  for (let look = 1; look < LOOKS && differences.length > 0; look++) {
    const changed = [...new Set(differences.map(({ file }) => file))].filter((file) => file !== '');
    const again = differencesOf(await runBoth(suite, { ...context, files: changed }));
    differences = differences.filter(({ test }) => again.some((entry) => entry.test === test));
  }
  return { tests: first.bare.size, differences };
}

module.exports = { compareSuite };
