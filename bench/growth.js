'use strict';

/*
 * What grows and what does not: with the number of names, with the spans of a segment, and with the time for which there
 * is no backend. `npm run bench:growth [-- --quick]`. Tells, and never fails by what it tells.
 */

const os = require('node:os');
const path = require('node:path');
const { Child } = require('./compare/child');
const { table } = require('./command/table');

const NAMES = [10, 1_000, 100_000, 1_000_000];
const SPANS = [1, 10, 100, 300, 1_000];

const isQuick = process.argv.includes('--quick');
const print = (line = '') => process.stdout.write(`${line}\n`);
const count = (value) => value.toLocaleString('en-US');
const size = (mb) => mb.toFixed(1);

async function ask(script, question) {
  const child = await Child.start(path.join(__dirname, 'growth', `${script}.js`), {
    execArgv: ['--expose-gc'],
    core: 'server',
  });
  try {
    return await child.ask('run', question);
  } finally {
    await child.stop();
  }
}

const fates = ({ accepted, sent, dropped, inFlight, buffered }) =>
  [accepted, sent, dropped, inFlight + buffered].map(count);

async function names(backends) {
  print('\n### Distinct names\n');
  const rows = [];
  for (const distinct of isQuick ? NAMES.slice(0, 3) : NAMES) {
    const requests = Math.max(isQuick ? 50_000 : 200_000, 3 * distinct);
    const result = await ask('names', { names: distinct, requests, backends });
    const { endpoints, networkAddresses, segments } = result;
    rows.push([
      count(distinct),
      result.cpuUs.toFixed(1),
      size(result.heapMb),
      size(result.rssMb),
      ...[endpoints, networkAddresses].map(({ known, pending, refused }) =>
        [known, pending, refused].map(count).join(' / '),
      ),
      count(segments.sent),
      count(segments.dropped),
    ]);
  }
  const ofNames = 'known / pending / not admitted';
  print(
    table(
      [
        'names of each kind',
        'us a segment',
        'heap, MB',
        'RSS, MB',
        `endpoints ${ofNames}`,
        'addresses',
        'sent',
        'dropped',
      ],
      rows,
    ),
  );
  print(
    '\nA segment is an entry and an exit span; its CPU time counts until the backend has it. Half of the requests go to an eighth of the names (seed 1).',
  );
  print('Bound by: 10,000 ids of each kind, twice 5,000 names seen once. What is not admitted goes as a string.');
}

async function spans(backends) {
  print('\n### Spans of one segment\n');
  const rows = [];
  for (const each of SPANS) {
    const requests = Math.ceil((isQuick ? 50_000 : 300_000) / each);
    const { cpuUs, leftOut, segments, heapMb, rssMb } = await ask('spans', { spans: each, requests, backends });
    const kept = each - leftOut / requests;
    rows.push(
      [
        each,
        kept,
        cpuUs.toFixed(1),
        (cpuUs / each).toFixed(2),
        size(heapMb),
        size(rssMb),
        ...fates(segments).slice(1, 3),
      ].map(String),
    );
  }
  print(table(['spans', 'kept', 'us a segment', 'us a span', 'heap, MB', 'RSS, MB', 'sent', 'dropped'], rows));
  print('\nBound by: 300 spans a segment. What is more is left out and counted, and the segment says so.');
}

async function gone(isMute) {
  const plan = isQuick ? { minutes: 10, rate: 500, factor: 60 } : { minutes: 60, rate: 500, factor: 60 };
  const { rows } = await ask('gone', { ...plan, isMute });
  const how = isMute ? 'takes connections and answers nothing' : 'is not there';
  print(
    `\n### ${plan.minutes} minutes at ${plan.rate} requests a second, the backend ${how} (a clock of ${plan.factor} times)\n`,
  );
  const shown = rows.filter(({ minute }) => minute === 1 || minute % (isQuick ? 2 : 10) === 0);
  print(
    table(
      ['minute', 'us a segment', 'heap, MB', 'RSS, MB', 'accepted', 'sent', 'dropped', 'waiting'],
      shown.map(({ minute, cpuUs, heapMb, rssMb, segments }) => [
        String(minute),
        cpuUs.toFixed(1),
        size(heapMb),
        size(rssMb),
        ...fates(segments),
      ]),
    ),
  );
}

async function main() {
  const [cpu] = os.cpus();
  print(
    `Node ${process.version}, ${os.cpus().length} x ${cpu?.model ?? 'unknown'}, load ${os.loadavg()[0].toFixed(1)}`,
  );
  const sink = await Child.start(path.join(__dirname, 'sink', 'main.js'), { core: 'others' });
  try {
    const backends = `127.0.0.1:${sink.ports.v2}`;
    await names(backends);
    await spans(backends);
    for (const isMute of [false, true]) await gone(isMute);
    print('\nBound by: 10,000 segments that wait; the oldest are dropped, and counted.');
  } finally {
    await sink.stop();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
