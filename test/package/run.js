'use strict';

/*
 * The package as a stranger gets it: packed, installed into an empty project, and used in every way that the README
 * names. `npm run test:package` builds dist before.
 */

const fs = require('node:fs');
const path = require('node:path');
const { checkBundling } = require('./checks/bundling');
const { checkCommandLine } = require('./checks/command-line');
const { checkJest } = require('./checks/jest');
const { checkLinters } = require('./checks/linters');
const { checkLoading } = require('./checks/loading');
const { checkOpenTelemetryApi } = require('./checks/opentelemetry-api');
const { checkPreloading } = require('./checks/preloading');
const { checkTarball } = require('./checks/tarball');
const { checkTypes } = require('./checks/types');
const { install, makeFolder, pack, removeFolder } = require('./sandbox');
const { Score } = require('./score');

async function checkInstalled(score, project) {
  fs.cpSync(path.join(__dirname, 'project'), project, { recursive: true });
  await checkLoading(score, project);
  await checkPreloading(score, project);
  await checkCommandLine(score, project);
  await checkTypes(score, project);
  await checkJest(score, project);
  await checkBundling(score, project);
  await checkOpenTelemetryApi(score, project);
}

async function main() {
  const score = new Score();
  const folder = makeFolder();
  process.once('exit', () => removeFolder(folder));
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const { tarball, files } = await pack(folder);
  await checkTarball(score, files);
  await checkLinters(score, tarball);
  const project = path.join(folder, 'project');
  const unreachable = await install(tarball, project);
  if (unreachable) score.skip('everything that needs the package installed', unreachable);
  else await checkInstalled(score, project);
  score.finish();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
