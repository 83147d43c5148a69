'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { makeProject, npmSetting, whatIsAsked } = require('../harness/own-install');

const SETTINGS = 'nodeLinker: pnp\nenableTelemetry: false\nenableScripts: false\nenableGlobalCache: false\n';

module.exports = {
  ...whatIsAsked,
  title: "Yarn 4, Plug'n'Play: Express 5 without node_modules",
  package: '@yarnpkg/cli-dist',
  shares: ['pnpm'],
  // As `yarn node` has it.
  env: { NODE_OPTIONS: '--require ./.pnp.cjs' },
  async prepare(stage) {
    const cwd = makeProject(stage, 'installed');
    fs.writeFileSync(path.join(cwd, '.yarnrc.yml'), SETTINGS);
    fs.writeFileSync(path.join(cwd, 'yarn.lock'), '');
    const [registry, cafile] = [await npmSetting('registry'), await npmSetting('cafile')];
    const env = {
      NODE_OPTIONS: '',
      YARN_NPM_REGISTRY_SERVER: registry,
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      ...(cafile !== 'null' && cafile !== '' && { YARN_HTTPS_CA_FILE_PATH: cafile }),
    };
    const yarn = path.join(stage.folder, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
    await stage.run([yarn, 'install'], { cwd, env });
    return { cwd };
  },
};
