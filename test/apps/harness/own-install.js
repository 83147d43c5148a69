'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { npm } = require('../../package/sandbox');

/** The same project under another package manager, which installs the tarball too. @returns its folder */
function makeProject(stage, name) {
  const folder = path.join(stage.folder, name);
  const { skyanchor } = JSON.parse(fs.readFileSync(path.join(stage.folder, 'package.json'), 'utf8')).dependencies;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(stage.folder, 'project'), folder, { recursive: true });
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  manifest.dependencies.skyanchor = skyanchor;
  fs.writeFileSync(file, JSON.stringify(manifest));
  return folder;
}

/** What npm is told of the registry, so that others ask the same one. */
async function npmSetting(name) {
  const { stdout } = await npm(['config', 'get', name]);
  return stdout.trim();
}

const whatIsAsked = {
  requests: [{ path: '/orders/1' }, { path: '/orders/2' }],
  end: 'SIGTERM',
  traces: { endpoints: ['GET:/orders/:order'] },
};

module.exports = { makeProject, npmSetting, whatIsAsked };
