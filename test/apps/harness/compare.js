'use strict';

/** How much longer an end may take with the agent: it sends what it has. */
const MORE_END_MS = 3_000;
/** Told anew in every answer. */
const PASSING_HEADERS = ['date'];

/** What is different in every run. */
const ALWAYS = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b1\d{12}\b/g, '<time>'],
  [/\b\d+(\.\d+)?\s?(ns|us|µs|μs|ms|s|sec|seconds|m|min)\b/g, '<duration>'],
];

function normalise(text, { stage, rules }) {
  const replaced = [stage.cwd, stage.folder].reduce((result, folder) => result.replaceAll(folder, '<folder>'), text);
  const ported = replaced.replaceAll(new RegExp(`\\b${stage.port}\\b`, 'g'), '<port>');
  const pids = stage.programs.map(({ pid }) => pid).filter(Number.isInteger);
  const pidded = pids.reduce((result, pid) => result.replaceAll(new RegExp(`\\b${pid}\\b`, 'g'), '<pid>'), ported);
  return [...rules, ...ALWAYS].reduce((result, [pattern, by]) => result.replaceAll(pattern, by), pidded);
}

/** Where two texts part, in a line of the message. */
function whereTheyPart(bare, traced) {
  const [ours, theirs] = [bare, traced].map((text) => text.split('\n'));
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  const line = at === -1 ? ours.length : at;
  const show = (text) => (text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 300)));
  return `line ${line + 1}: bare ${show(ours[line])}, with the agent ${show(theirs[line])}`;
}

function differenceOfText(what, bare, traced) {
  return bare === traced ? [] : [`${what}: ${whereTheyPart(bare, traced)}`];
}

const sorted = (text) => text.split('\n').sort().join('\n');

function differencesOfOutput({ unordered }, bare, traced) {
  return ['stdout', 'stderr'].flatMap((name) => {
    const texts = [bare, traced].map((run) => run.normalise(run[name]));
    return differenceOfText(name, ...(unordered ? texts.map(sorted) : texts));
  });
}

function differenceOfValue(what, bare, traced) {
  const [ours, theirs] = [bare, traced].map((value) => JSON.stringify(value));
  return ours === theirs ? [] : [`${what}: bare ${ours}, with the agent ${theirs}`];
}

function headersOf({ headers }, normaliseOne) {
  const kept = Object.entries(headers).filter(([name]) => !PASSING_HEADERS.includes(name));
  return kept.map(([name, value]) => `${name}: ${normaliseOne(String(value))}`).join('\n');
}

function differencesOfAnswers(requests, bare, traced) {
  if (bare.answers.length !== traced.answers.length) return ['answers: not as many with the agent as without'];
  return bare.answers.flatMap((answer, index) => {
    const other = traced.answers[index];
    const name = `answer to ${requests[index]?.path ?? index}`;
    const ofStatus = differenceOfValue(`${name}: status`, answer.status, other.status);
    if (ofStatus.length > 0) return ofStatus;
    return [
      ...differenceOfText(`${name}: headers`, headersOf(answer, bare.normalise), headersOf(other, traced.normalise)),
      ...differenceOfText(`${name}: body`, bare.normalise(answer.body), traced.normalise(other.body)),
    ];
  });
}

/** @returns a line for everything that the agent has changed */
function differencesOfRuns(app, bare, traced) {
  const isLate = traced.endMs > bare.endMs + MORE_END_MS;
  const late = `end: bare after ${Math.round(bare.endMs)} ms, with the agent after ${Math.round(traced.endMs)} ms`;
  return [
    ...differencesOfAnswers(app.requests, bare, traced),
    ...differenceOfValue('exit code', bare.code, traced.code),
    ...differenceOfValue('signal', bare.signal, traced.signal),
    ...(isLate ? [late] : []),
    ...differencesOfOutput(app, bare, traced),
    ...differenceOfValue('what the case looked at', bare.observed, traced.observed),
  ];
}

module.exports = { differencesOfRuns, normalise };
