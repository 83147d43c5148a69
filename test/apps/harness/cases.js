'use strict';

const fs = require('node:fs');
const path = require('node:path');

const APPS = path.join(__dirname, '..');

/**
 * What `test/apps/<name>/case.js` exports: one application as its users write it, and what must be seen of it. The
 * files beside it, and those in `shares`, are copied into the application's folder.
 *
 * @typedef {object} Case
 * @property {string} title what the page calls it
 * @property {string} package the npm package that is tried; its version is in package.json
 * @property {string} [minNode] the first Node that it runs on, such as `22.18`
 * @property {boolean} [ci] whether `--ci` runs it
 * @property {string[]} [shares] folders beside this one whose files it uses too
 * @property {'require'|'import'|'program'} [load] how the agent gets in; `program`: the application loads it where
 *   `WITH_AGENT` is `yes`
 * @property {string[]} [program] arguments of node; default `app.js`
 * @property {Record<string, string>} [env] more of the environment, bare and with the agent
 * @property {(stage: object) => Promise<{cwd?: string}|void>} [prepare] builds what is run
 * @property {string} [backendHost] what the agent knows the collector by, where that is not its address
 * @property {object[]} [requests] `{path, method?, headers?, body?}`, one after the other
 * @property {RegExp} [ready] what it prints when it may be asked, where listening is not enough
 * @property {object} [warmUp] a request before them that is not looked at
 * @property {string} [end] the signal that ends it, or `itself`
 * @property {(stage: object) => Promise<object>} [play] what to do instead of: start, wait, ask, end
 * @property {(bare: object) => string[]} [expects] what is wrong with the application itself, so that it proves nothing
 * @property {(traced: object) => string[]} [expectsWithAgent] what else is wrong with the agent in it
 * @property {object} [traces] see `expectations.js`
 * @property {[RegExp, string][]} [normalise] what differs from run to run in its output and answers
 * @property {boolean} [unordered] the order of the lines of its output is chance
 * @property {{difference: RegExp, reason: string}[]} [known] differences that stay, each with its reason
 * @property {(node: object) => string|undefined} [skip] why it cannot be tried on this machine
 * @property {number} [timeoutMs] for one run, bare or with the agent
 */

/** @returns every case below a folder with its name, its own folder and its package.json, in the order of their names */
function readCases(all) {
  const folders = fs.readdirSync(all).filter((name) => fs.existsSync(path.join(all, name, 'case.js')));
  return folders.sort().map((name) => {
    const folder = path.join(all, name);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const app = { load: 'require', program: ['app.js'], requests: [], ...require(path.join(folder, 'case.js')) };
    const traces = app.traces && { entries: app.requests.length, ...app.traces };
    return { ...app, traces, name, folder, manifest };
  });
}

/** Throws where a name is not that of a case. A name that ends in `*` means all that begin with it. */
function selectCases(cases, { names, ci }) {
  const matches = (pattern, name) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
  const odd = names.find((pattern) => !cases.some(({ name }) => matches(pattern, name)));
  if (odd !== undefined) throw new Error(`no application is called ${odd}: ${cases.map(({ name }) => name).join(' ')}`);
  return cases
    .filter(({ name }) => names.length === 0 || names.some((pattern) => matches(pattern, name)))
    .filter((app) => !ci || app.ci === true);
}

module.exports = { APPS, readCases, selectCases };
