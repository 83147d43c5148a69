import type { Clock } from '../base/clock';
import { iso } from '../base/iso';
import { printableJson } from './document';
import { pause } from './pause';
import { print } from './print';
import type { StatusReport } from './status-report';
import { TerminalView } from './terminal-view';
import { wrap } from './wrap';

const WATCH_MS = 1_000;

export interface WatchOptions {
  readonly json: boolean;
  readonly clock: Clock;
  readonly read: () => Promise<StatusReport>;
}

/** Until somebody ends it: on a terminal one page that is kept up to date, elsewhere one below the other. */
export async function watchStatus({ json, clock, read }: WatchOptions): Promise<never> {
  const show = json || !process.stdout.isTTY ? showBelow(json, clock) : showOver(clock);
  for (;;) {
    show(await read());
    await pause(WATCH_MS, clock);
  }
}

/** Anew whenever something has changed; of the table, something that is neither a counter nor the time. */
function showBelow(json: boolean, clock: Clock): (report: StatusReport) => void {
  let shown: string | undefined;
  return (report) => {
    const said = json ? printableJson(report.json) : report.gist;
    if (said === shown) return;
    shown = said;
    print(json ? `${said}\n` : `${pageOf(report, clock, Infinity).join('\n')}\n\n`);
  };
}

function showOver(clock: Clock): (report: StatusReport) => void {
  let now: StatusReport | undefined;
  const view = new TerminalView((width) => (now ? pageOf(now, clock, width).flatMap((line) => wrap(line, width)) : []));
  return (report) => {
    now = report;
    view.draw();
  };
}

function pageOf(report: StatusReport, clock: Clock, width: number): string[] {
  const nowMs = clock.now();
  const complaint = report.complaint === undefined ? [] : [report.complaint];
  return [iso(nowMs), ...complaint, ...report.lines(nowMs, width)];
}
