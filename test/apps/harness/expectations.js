'use strict';

/** The agent's streams are closed by then: an application that has traffic all the time is not what is asked for. */
const QUIET_MS = 1_500;

/**
 * What a case says of the traces.
 *
 * @typedef {object} Traces
 * @property {(string|RegExp)[]} endpoints each names exactly one endpoint, and there is no other
 * @property {number} [entries] how many requests are traced; default: every request of the case
 * @property {boolean} [moreEntries] how many there are is chance: `entries` are the least, and nothing else is counted
 * @property {number} [traces] how many traces they are; default: one for each entry span without a reference
 * @property {number} [refs] how many entry spans refer to a caller; default 0
 * @property {(string|RegExp)[]} [exits] peers of the exit spans: each names exactly one, and there is no other
 * @property {(seen: object) => string[]} [check] what else is wrong
 */

const spansOf = (segments, type) => segments.flatMap(({ spans }) => spans.filter((span) => span.type === type));
const unique = (values) => [...new Set(values)].sort();

/** What is looked at. */
function seenBy(collector) {
  const segments = collector.segments();
  const entries = spansOf(segments, 'Entry');
  const exits = spansOf(segments, 'Exit');
  return {
    protocol: collector.protocol,
    segments,
    services: unique(segments.map(({ service }) => service)),
    endpoints: unique(entries.map(({ operationName }) => operationName)),
    entries: entries.length,
    roots: entries.filter(({ refs }) => refs.length === 0).length,
    refs: entries.filter(({ refs }) => refs.length > 0).length,
    exits: unique(exits.map(({ peer }) => peer)),
    logs: collector.logs(),
    traces: unique(segments.map(({ traceId }) => traceId)).length,
    dropped: collector.droppedSegments().map(({ reason }) => reason),
  };
}

/** All segments are there, and a heartbeat has come in the quiet after them. */
function hasSettled(collector, expected) {
  const segments = collector.segments();
  if (spansOf(segments, 'Entry').length < (expected.entries ?? 0)) return false;
  const quietFrom = Math.max(0, ...segments.map(({ at }) => Date.parse(at))) + QUIET_MS;
  return collector.heartbeats().some(({ at }) => Date.parse(at) > quietFrom);
}

const fits = (pattern, name) => (pattern instanceof RegExp ? pattern.test(name) : pattern === name);
/** On v2 the name of an endpoint has no method before it. */
const fitsOnV2 = (pattern, name) => ['GET:', 'POST:'].some((method) => fits(pattern, method + name));

function differencesOfNames(what, expected, found, isFit = fits) {
  const odd = found.filter((name) => !expected.some((pattern) => isFit(pattern, name)));
  const wrong = expected.filter((pattern) => found.filter((name) => isFit(pattern, name)).length !== 1);
  if (odd.length === 0 && wrong.length === 0) return [];
  return [`${what}: expected ${expected.join(', ') || 'none'}, found ${found.join(', ') || 'none'}`];
}

function differencesOfNumbers(what, expected, found) {
  return expected === found ? [] : [`${what}: expected ${expected}, found ${found}`];
}

function differencesOfCounts({ entries, refs = 0, traces }, seen) {
  return [
    ...differencesOfNumbers('traced requests', entries, seen.entries),
    ...differencesOfNumbers('requests with a caller', refs, seen.refs),
    ...differencesOfNumbers('traces', traces ?? seen.roots, seen.traces),
  ];
}

/** @returns a line for everything that is not as the case says */
function differencesOfTraces(expected, seen, service) {
  const { endpoints, exits = [], moreEntries, check = () => [] } = expected;
  return [
    ...(moreEntries ? [] : differencesOfCounts(expected, seen)),
    ...differencesOfNames('endpoints', endpoints, seen.endpoints, seen.protocol === 'v2' ? fitsOnV2 : fits),
    ...differencesOfNames('peers', exits, seen.exits),
    ...differencesOfNames('services', seen.entries === 0 ? seen.services : [service], seen.services),
    ...differencesOfNames('dropped segments', [], seen.dropped),
    ...check(seen),
  ];
}

module.exports = { differencesOfTraces, hasSettled, seenBy };
