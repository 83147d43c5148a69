'use strict';

const esbuild = require('esbuild');
const { esbuildPlugin } = require('skyanchor/bundler');

const options = { entryPoints: ['app.js'], outfile: 'out/app.js', bundle: true, platform: 'node' };
esbuild.build({ ...options, plugins: [esbuildPlugin()] }).catch(() => (process.exitCode = 1));
