'use strict';

const MB = 1024 ** 2;

const sorted = (values) => values.filter((value) => value !== undefined).sort((a, b) => a - b);
const least = (values) => sorted(values)[0];
const middle = (values) => sorted(values)[values.length >> 1];

/** What two sets of runs differ by: of their quietest, and of their middle ones. */
const added = (mine, bare) => ({ least: least(mine) - least(bare), middle: middle(mine) - middle(bare) });

const number = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const two = ({ least: first, middle: second }, digits) => `${number(first, digits)} / ${number(second, digits)}`;

const bursts = (visits) => visits.flatMap((one) => one.bursts);
const cpuOf = (visits) => bursts(visits).map(({ cpuUs, requests }) => cpuUs / requests);
const total = (list, read) => list.reduce((sum, one) => sum + read(one), 0);

function share(list) {
  const received = list.filter((one) => one.received);
  if (received.length === 0) return '-';
  const part = total(received, (one) => one.received.entries) / total(received, (one) => one.requests);
  // An agent that takes one request for many.
  if (part > 1.05) return `${number(part)} entry spans a request`;
  return `${number(100 * part, part < 0.995 ? 1 : 0)} %`;
}

const LOAD_TITLES = [
  '',
  'added CPU, us a request',
  'throughput',
  'p99',
  'worst stall, ms',
  'bytes a request',
  'traced',
];

/** One row of a scenario's table. @param bare the visits of the same scenario without an agent */
function loadRow({ title, preload }, visits, bare) {
  const fastest = (of) => least(bursts(of).map((one) => one.elapsedMs));
  const slow = (of) => least(of.map(({ steady }) => steady.p99));
  const stall = (of) =>
    `${number(least(bursts(of).map((one) => one.stallMs)))} / ${number(least(of.map((one) => one.steady.stallMs)))}`;
  const all = [...bursts(visits), ...visits.map(({ steady }) => steady)];
  if (!preload) {
    const cpu = cpuOf(bare);
    const whole = `${two({ least: least(cpu), middle: middle(cpu) })} in all`;
    const rate = Math.round((1000 * bursts(bare)[0].requests) / fastest(bare));
    return [title, whole, `${rate} a second`, `${number(slow(bare), 2)} ms`, stall(bare), '-', '-'];
  }
  const received = all.map((one) => one.received ?? { bytes: 0, entries: 0 });
  const asked = total(all, (one) => one.requests);
  return [
    title,
    two(added(cpuOf(visits), cpuOf(bare))),
    number(fastest(bare) / fastest(visits), 2),
    `x ${number(slow(visits) / slow(bare), 2)}`,
    stall(visits),
    number(
      total(received, (one) => one.bytes) /
        Math.min(
          asked,
          total(received, (one) => one.entries),
        ),
      0,
    ),
    share(all),
  ];
}

const COST_TITLES = [
  '',
  'start-up, ms',
  'start-up, MB',
  'after load, MB',
  'installed, MB',
  '5,000 segments, ms',
  'of that, recording',
  'longest gap, ms',
];

/** One row of what an agent costs whatever the application. @param visits of all scenarios, and likewise `bare` */
function costRow({ title, preload }, visits, bare, bytes) {
  const times = (of) => of.map(({ start }) => start.elapsedMs);
  const sizes = (of) => of.map(({ start }) => start.rssMb);
  const later = (of) => of.map((one) => one.bursts.at(-1).rssMb);
  if (!preload) {
    const start = `${two({ least: least(times(bare)), middle: middle(times(bare)) })} in all`;
    return [
      title,
      start,
      `${number(middle(sizes(bare)))} in all`,
      `${number(middle(later(bare)))} in all`,
      '-',
      '-',
      '-',
      '-',
    ];
  }
  const segmentBursts = visits.flatMap((one) => one.segmentBursts);
  const missing = least(segmentBursts.map((one) => (one.deliverMs === undefined ? one.units : undefined)));
  return [
    title,
    two(added(times(visits), times(bare))),
    two(added(sizes(visits), sizes(bare))),
    number(added(later(visits), later(bare)).middle),
    number(bytes / MB, 2),
    missing === undefined ? number(least(segmentBursts.map((one) => one.deliverMs)), 0) : `${missing} came`,
    number(least(segmentBursts.map((one) => one.recordMs)), 0),
    number(least(segmentBursts.map((one) => one.worstGapMs))),
  ];
}

const GOALS = {
  load: {
    hello: ['goal', '4 (v2), 4.5 (v3)', '0.80', '', 'bare + 2', '155 (v2), 200 (v3)', '100 %'],
    express: ['goal', '20', '', '', 'bare + 2', '', '100 %'],
  },
  cost: ['goal', '20', '8', '', '10.5', '150', '', '1'],
};

module.exports = { COST_TITLES, GOALS, LOAD_TITLES, costRow, loadRow, share };
