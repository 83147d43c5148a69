'use strict';

/* The tables, in Markdown. */

const { table } = require('../command/table');

const MB = 1024 ** 2;

const number = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const quartiles = (of, digits) =>
  of ? `${number(of.median, digits)} (${number(of.q1, digits)} to ${number(of.q3, digits)})` : '-';

function share(part) {
  if (part === undefined) return '-';
  if (part > 1.05) return `${number(part)} entry spans a request`;
  return `${number(100 * part, part < 0.995 ? 1 : 0)} %`;
}

const LOAD_TITLES = [
  'Node',
  '',
  'added CPU, us a request',
  'by the least of each',
  'throughput',
  'worst stall, ms over bare',
  'p99 at 1,000 a second, ms',
  'bytes allocated',
  'bytes sent',
  'traced',
];

function loadRow(node, row) {
  const { title, us, perSecond, stallMs, p99, allocated, sent, traced } = row;
  const own = row.isBare
    ? [
        `${quartiles(us)} in all`,
        `${number(us?.least)} in all`,
        `${number(perSecond, 0)} a second`,
        `${number(stallMs)} in all`,
      ]
    : [quartiles(row.addedUs), number(row.addedLeastUs), quartiles(row.throughput, 2), quartiles(row.addedStallMs)];
  return [node, title, ...own, number(p99, 2), number(allocated, 0), number(sent, 0), share(traced)];
}

const COST_TITLES = [
  'Node',
  '',
  'start-up, ms',
  'start-up, MB',
  'after load, MB',
  'installed, MB',
  '5,000 segments while the loop is busy, ms',
  'of that, recording',
  'longest gap, ms',
];

function costRow(node, row, bare) {
  const { title, startMs, startMb, laterMb, deliverMs, recordMs, worstGapMs, missing } = row;
  if (row.isBare) {
    const inAll = (value) => `${number(value)} in all`;
    return [node, title, inAll(startMs?.median), inAll(startMb), inAll(laterMb), '-', '-', '-', '-'];
  }
  return [
    node,
    title,
    `${number(startMs?.median - bare.startMs?.median)} (least ${number(startMs?.least - bare.startMs?.least)})`,
    number(startMb - bare.startMb),
    number(laterMb - bare.laterMb),
    number(row.installedBytes / MB, 2),
    missing === undefined ? number(deliverMs, 0) : `${missing} came`,
    number(recordMs, 0),
    number(worstGapMs),
  ];
}

/** By the major version of Node.js, or one for all. */
const GOALS = [
  { title: 'hello world, added us a request', most: { 20: 5, 24: 4, 26: 3 }, read: (of) => of('hello')?.addedUs },
  {
    title: 'hello world, throughput',
    least: { 20: 0.72, 24: 0.77, 26: 0.8 },
    digits: 2,
    read: (of) => of('hello')?.throughput,
  },
  {
    title: 'hello world without a backend, added us',
    most: { 20: 4, 24: 3, 26: 2 },
    read: (of) => of('hello', 'no-backend')?.addedUs,
  },
  { title: 'express and one call, added us', most: { 20: 20, 24: 15, 26: 12 }, read: (of) => of('express')?.addedUs },
  { title: 'v3 beside v2, hello world, us', most: 0.5, read: (of) => of('hello', 'skyanchor-v3')?.besideV2Us },
  { title: 'hello world, worst stall over bare, ms', most: 2, read: (of) => of('hello')?.addedStallMs },
  { title: 'hello world, share of what the better peer adds', most: 0.25, digits: 2, read: besidePeers },
];

function besidePeers(of) {
  const peers = ['skywalking-backend-js', 'opentelemetry'].map((name) => of('hello', name)?.addedUs?.median);
  const present = peers.filter(Number.isFinite);
  const own = of('hello')?.addedUs?.median;
  return present.length > 0 && own !== undefined ? { median: own / Math.min(...present) } : undefined;
}

function goalCell({ most, least, digits = 1, read }, { node, scenarios }) {
  const found = read((scenario, agent = 'skyanchor') =>
    scenarios.find(({ name }) => name === scenario)?.rows.find(({ name }) => name === agent),
  );
  if (!found) return '-';
  const goals = most ?? least;
  const goal = typeof goals === 'number' ? goals : goals[node.split('.')[0]];
  const shown = number(found.median, digits);
  if (goal === undefined) return shown;
  const isMet = most === undefined ? found.median >= goal : found.median <= goal;
  return `${shown}, goal ${goal}: ${isMet ? 'met' : '**missed**'}`;
}

/** @param results of each Node.js: `{ node, scenarios, costs }` */
function tables(results) {
  const parts = [];
  for (const { name, title } of results[0].scenarios) {
    const rows = results.flatMap(({ node, scenarios }) =>
      scenarios.find((one) => one.name === name).rows.map((row) => loadRow(node, row)),
    );
    parts.push(`### ${title}`, table(...withoutEmpty(LOAD_TITLES, rows)));
  }
  const costs = results.flatMap(({ node, costs: own }) => own.map((row) => costRow(node, row, own[0])));
  if (costs.length > 0) parts.push('### Whatever the application', table(COST_TITLES, costs));
  const goals = GOALS.map((goal) => [goal.title, ...results.map((result) => goalCell(goal, result))]);
  parts.push(
    '### Goals, by the median of the pairs',
    table(
      ['', ...results.map(({ node }) => `Node ${node}`)],
      goals.filter((cells) => cells.slice(1).some((cell) => cell !== '-')),
    ),
  );
  return parts.join('\n\n');
}

/** Columns of which nothing was measured are left out. */
function withoutEmpty(titles, rows) {
  const isFilled = titles.map((_, at) => rows.some((row) => row[at] !== '-'));
  const filled = (cells) => cells.filter((_, at) => isFilled[at]);
  return [filled(titles), rows.map(filled)];
}

module.exports = { share, tables };
