'use strict';

const fs = require('node:fs');
const path = require('node:path');

const MAIN = ['node_modules', 'skyanchor', 'dist', 'cli', 'main.js'].join('/');
const REQUESTS = [{ path: '/orders/1' }, { path: '/orders/2' }];
const TOO_OLD = 'pg 8.0.2 is not traced: version out of range, 8.0.3 and later are';
const EXPECTED = [
  'backend: segment ok',
  'process app: registration ok',
  'process app: start ok',
  'process app: segments ok',
  `instrumentations: version warning ${TOO_OLD}`,
  `process app: version warning ${TOO_OLD}`,
];

/** @returns its findings; one whose check is `version` with its text */
async function diagnose(stage) {
  const findings = JSON.parse(await stage.run([MAIN, 'doctor', '--json'])).findings;
  return findings.map(({ section, check, state, text }) => {
    const where = section.startsWith('backend ') ? 'backend' : section;
    return `${where}: ${check} ${state}${check === 'version' ? ` ${text}` : ''}`;
  });
}

module.exports = {
  title: 'skyanchor doctor in an application that runs, with one library that is too old',
  package: 'express',
  ci: true,
  requests: REQUESTS,
  end: 'SIGTERM',
  async play(stage) {
    if (!stage.isTraced) return stage.play();
    const commandFile = path.join(stage.folder, 'doctor.command');
    for (const file of [commandFile, `${commandFile}.status.json`]) fs.rmSync(file, { force: true });
    stage.env = { ...stage.env, SW_AGENT_COMMAND_FILE: commandFile };
    let findings;
    const arrive = stage.tracesArrive.bind(stage);
    stage.tracesArrive = async (expected) => {
      await arrive(expected);
      findings = await diagnose(stage);
    };
    return { ...(await stage.play()), findings };
  },
  expectsWithAgent: ({ findings }) =>
    EXPECTED.filter((finding) => !findings.includes(finding)).map(
      (finding) => `the doctor does not say "${finding}", but ${findings.join('; ')}`,
    ),
  // One more trace: what the doctor has sent is no request.
  traces: { traces: REQUESTS.length + 1, endpoints: ['GET:/orders/:order'] },
};
