'use strict';

/* What jest uses of `unrs-resolver`, by Node's own resolution. */

const Module = require('node:module');
const path = require('node:path');

/** Jest asks for sources without their extension, and for folders of them; Node finds only what it can load. */
function resolve(basedir, request, extensions) {
  const { resolve: find } = Module.createRequire(path.join(basedir, 'noop.js'));
  const isPath = /^(\.|[A-Za-z]:[\\/])/.test(request);
  const ends = isPath ? ['', ...extensions, ...extensions.map((extension) => `/index${extension}`)] : [''];
  for (const end of ends) {
    try {
      return find(request + end);
    } catch (error) {
      if (!['MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(error.code)) throw error;
    }
  }
  return undefined;
}

class ResolverFactory {
  constructor({ extensions = [] } = {}) {
    this.extensions = extensions;
  }

  sync(basedir, request) {
    const found = resolve(basedir, request, this.extensions);
    return found === undefined ? { error: `Cannot find module '${request}' from '${basedir}'` } : { path: found };
  }

  async async(basedir, request) {
    return this.sync(basedir, request);
  }

  cloneWithOptions(options) {
    return new ResolverFactory(options);
  }

  clearCache() {}
}

module.exports = { ResolverFactory };
