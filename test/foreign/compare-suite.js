'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { CACHE } = require('../apps/harness/cache');
const { Program } = require('../apps/harness/program');
const { environment, npm, run } = require('../package/sandbox');

const SUITE_TIMEOUT_MS = 3_600_000;
/** How often a test must end otherwise to be called different. */
const LOOKS = 3;

/** A copy of the checkout with what it needs to be tested. @returns its folder */
async function copySource({ name, sourceVariable, prepare }, node) {
  const source = fs.realpathSync(process.env[sourceVariable]);
  const folder = path.join(CACHE, 'foreign', name);
  const manifest = fs.readFileSync(path.join(source, 'package.json'), 'utf8');
  const stamp = path.join(folder, '.installed');
  const isInstalled = fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === manifest;
  if (!isInstalled) fs.rmSync(folder, { recursive: true, force: true });
  const isSource = (file) => !['node_modules', '.git'].includes(path.relative(source, file));
  fs.cpSync(source, folder, { recursive: true, filter: isSource });
  if (!isInstalled) {
    await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], { cwd: folder });
    if (prepare) await run(path.join(node.folder, 'node'), [prepare], { cwd: folder });
    fs.writeFileSync(stamp, manifest);
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

/** @param collector undefined: bare @returns how each test ended */
async function runSuite(suite, { node, folder, files, register }, collector) {
  const report = path.join(folder, `.report-${process.pid}`);
  const agent = {
    NODE_OPTIONS: `--require ${JSON.stringify(register)}`,
    SW_AGENT_NAME: suite.name,
    SW_AGENT_COLLECTOR_BACKEND_SERVICES: collector?.address,
  };
  const env = { ...environment(), NODE_ENV: 'test', ...(collector && agent) };
  fs.rmSync(report, { force: true });
  const program = new Program(path.join(node.folder, 'node'), suite.argumentsFor(files, report), { cwd: folder, env });
  try {
    await program.endsWithin(SUITE_TIMEOUT_MS);
    if (!fs.existsSync(report)) throw new Error(`${suite.name} reports nothing\n${program.output}`);
    return byName(suite.read(report, folder));
  } finally {
    program.destroy();
    fs.rmSync(report, { force: true });
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
  const folder = await copySource(suite, node);
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
