'use strict';

const fs = require('node:fs');
const path = require('node:path');

const PM2 = 'node_modules/pm2/bin/pm2';
const REQUESTS = 4;

function environmentOf({ env, app }, home, mode) {
  const { SW_AGENT_COLLECTOR_BACKEND_SERVICES: BACKEND = '', ...others } = env;
  const kept = Object.entries(others).filter(([name]) => !name.startsWith('SW_'));
  const own = { PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true', MODE: mode, BACKEND, SERVICE: app.name };
  return { ...Object.fromEntries(kept), ...own };
}

/** What the processes have written; names of files carry numbers. */
function logsIn(home) {
  const folder = path.join(home, 'logs');
  return fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
}

function killDaemon(home) {
  try {
    process.kill(Number(fs.readFileSync(path.join(home, 'pm2.pid'), 'utf8')), 'SIGKILL');
  } catch {
    // It has ended by its own command.
  }
}

async function askSome(stage) {
  const statuses = [];
  for (let count = 0; count < REQUESTS; count++) statuses.push((await stage.ask('/orders')).status);
  return statuses;
}

/** Started, asked, reloaded, asked again, and ended, by pm2's own commands. */
async function play(stage, mode) {
  const home = stage.aloneIn();
  stage.env = environmentOf(stage, home, mode);
  const pm2 = (...args) => stage.run([PM2, '--silent', ...args]);
  const answers = () => stage.until(() => stage.ask('/orders').then(Boolean, () => false), 'an answer');
  try {
    await pm2('start', 'ecosystem.config.js');
    await answers();
    const before = await askSome(stage);
    await pm2('reload', 'ecosystem.config.js');
    // In fork mode a reload is a restart.
    await answers();
    const after = await askSome(stage);
    await stage.tracesArrive(stage.app.traces);
    const listed = JSON.parse(await stage.run([PM2, 'jlist', '--silent']));
    const processes = listed.map(({ name, pm2_env: { status, exec_mode: as } }) => [name, status, as]);
    const instances = stage.collector?.instances().map(({ service, uuid }) => `${service} ${uuid}`);
    return { observed: { before, after, processes, logs: logsIn(home) }, instances };
  } finally {
    await pm2('kill').catch(() => undefined);
    killDaemon(home);
  }
}

/** @param mode `fork` or `cluster` */
function caseOf(mode) {
  const entries = 2 * REQUESTS;
  return {
    title: `pm2, ${mode} mode: node_args, the agent's settings in the ecosystem file, reload`,
    package: 'pm2',
    timeoutMs: 60_000,
    play: (stage) => play(stage, mode),
    traces: { entries, moreEntries: true, endpoints: ['GET:/orders'] },
    expectsWithAgent({ instances }) {
      const odd = instances.filter((name) => !new RegExp(`^pm2-${mode} orders(-\\d+)?$`).test(name));
      return odd.map((name) => `an instance is called ${name}`);
    },
  };
}

module.exports = { caseOf };
