'use strict';

const { differencesOfRuns, normalise } = require('./compare');
const { differencesOfTraces } = require('./expectations');
const { Stage } = require('./stage');

/** @returns what the case did, and what the collector saw */
async function runOnce(app, node, folder, collector, built) {
  const stage = await Stage.open(app, node, folder, collector);
  if (built.cwd) stage.cwd = built.cwd;
  try {
    const played = await (app.play ? app.play(stage) : stage.play());
    const rules = app.normalise ?? [];
    const defaults = { answers: [], code: 0, signal: null, endMs: 0, stdout: '', stderr: '' };
    return { ...defaults, ...played, normalise: (text) => normalise(text, { stage, rules }), seen: stage.seen() };
  } catch (error) {
    const outputs = stage.programs.map(({ output }) => output).join('');
    throw new Error(`${collector ? 'with the agent' : 'bare'}: ${error.message}\n${outputs}`, { cause: error });
  } finally {
    stage.close();
  }
}

/** A difference that the case knows stays as it is; one that it knows and that is gone is to be taken out of the case. */
function judge(differences, known) {
  const isKnown = (difference) => known.some((entry) => entry.difference.test(difference));
  const gone = known.filter((entry) => !differences.some((difference) => entry.difference.test(difference)));
  return {
    differences: [
      ...differences.filter((difference) => !isKnown(difference)),
      ...gone.map(({ difference }) => `no longer there, to be removed from the case: ${difference}`),
    ],
    known: known.filter((entry) => !gone.includes(entry)).map(({ reason }) => reason),
  };
}

async function differencesOf(app, node, folder, startCollector) {
  const building = await Stage.open(app, node, folder, undefined);
  const built = (await app.prepare?.(building)) ?? {};
  const bare = await runOnce(app, node, folder, undefined, built);
  const collector = await startCollector();
  let traced;
  try {
    traced = await runOnce(app, node, folder, collector, built);
  } finally {
    await collector.stop();
  }
  const traces = app.traces ? differencesOfTraces(app.traces, traced.seen, app.name) : [];
  const odd = [...(app.expects?.(bare) ?? []), ...(app.expectsWithAgent?.(traced) ?? [])];
  return { seen: traced.seen, found: [...odd, ...differencesOfRuns(app, bare, traced), ...traces] };
}

/** Runs a case bare and with the agent. Never rejects. @returns `{result, differences, known, endpoints}` */
async function tryApp(app, node, folder, startCollector) {
  try {
    const { seen, found } = await differencesOf(app, node, folder, startCollector);
    const { differences, known } = judge(found, app.known ?? []);
    return { result: differences.length === 0 ? 'passed' : 'failed', differences, known, endpoints: seen.endpoints };
  } catch (error) {
    return { result: 'failed', differences: [error.message], known: [], endpoints: [] };
  }
}

module.exports = { judge, tryApp };
