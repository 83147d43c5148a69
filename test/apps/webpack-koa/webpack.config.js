'use strict';

const { webpackPlugin } = require('skyanchor/bundler');

module.exports = {
  target: 'node',
  mode: 'production',
  entry: './app.js',
  output: { path: `${__dirname}/out`, filename: 'app.js' },
  plugins: [webpackPlugin()],
};
