'use strict';

const os = require('node:os');
const { shown, shownSpread, spread, table } = require('./table');

const GOAL = { handlerMs: 75, registeredMs: 150, idlePercent: 0.05 };
const TIMES = ['its own time, p50', 'from the line typed: p50 / p99 / max', 'from its end: p50 / p99 / max'];

const verdict = (value, goal) => (value !== undefined && value <= goal ? 'met' : 'missed');
const load = () => `load average ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} cores`;

/** Prints the tables, in Markdown, and keeps what was missed for the end. */
class Report {
  faults = [];

  print(line = '') {
    process.stdout.write(`${line}\n`);
  }

  machine() {
    const { model = 'unknown' } = os.cpus()[0] ?? {};
    this.print(
      `Node ${process.version}, ${process.platform} ${process.arch}, ${os.cpus().length} x ${model}, ${load()}`,
    );
    this.print();
  }

  /** @param isByShell the goal is for the time from the line typed; else for that from the tool's end */
  row(name, taken, goalMs, isByShell) {
    const found = taken.filter((one) => one !== undefined);
    const typed = spread(found.map((one) => one.typed));
    const written = spread(found.map((one) => one.written));
    this.missed(name, taken.length - found.length, taken.length);
    return [
      name,
      String(taken.length),
      String(taken.length - found.length),
      shown(spread(found.map((one) => one.tool)).p50),
      shownSpread(typed),
      isByShell ? '' : shownSpread(written),
      goalMs === undefined ? '' : `${goalMs}: ${verdict((isByShell ? typed : written).p99, goalMs)}`,
    ];
  }

  styles(title, rows) {
    this.table(`${title}, ms`, ['way of writing', 'trials', 'missed', ...TIMES, 'goal for p99'], rows);
  }

  idle({ watched, bare }, seconds) {
    const percent = (values) => values.map((value) => value.toFixed(3)).join(', ');
    const added = spread(watched).p50 - spread(bare).p50;
    const judged = `${added.toFixed(3)} (goal ${GOAL.idlePercent}: ${verdict(added, GOAL.idlePercent)})`;
    const titles = ['processes', '% of a core'];
    this.table(`Nothing happens, for ${seconds} s`, titles, [
      ['with a command file', percent(watched)],
      ['without', percent(bare)],
      ['added, of the medians', judged],
    ]);
  }

  crowd({ rounds, cpuMsEach }, processes) {
    const all = rounds.flat();
    const missed = all.filter((one) => one === undefined).length;
    this.missed(`${processes} processes on one file`, missed, all.length);
    const lasts = rounds.map((round) => Math.max(...round.map((one) => one ?? Infinity)));
    const titles = ['', 'trials', 'missed', 'from the line typed: p50 / p99 / max'];
    this.table(`${processes} processes on one file, \`echo\` to the handler, ms`, titles, [
      ['each', String(all.length), String(missed), shownSpread(spread(all))],
      ['the last of all', String(rounds.length), '', shownSpread(spread(lasts))],
    ]);
    this.print(`For each command each process takes ${cpuMsEach.toFixed(1)} ms of a core, in all.`);
    this.print();
  }

  missed(name, missed, trials) {
    if (missed > 0) this.faults.push(`${missed} of ${trials} missed: ${name}`);
  }

  table(title, titles, rows) {
    this.print(`${title} (${load()})`);
    this.print();
    this.print(table(titles, rows));
    this.print();
  }
}

module.exports = { GOAL, Report };
