import { parseArgs } from 'node:util';
import { type Clock, keepAliveWhile, systemClock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { toIso } from '../../base/time';
import { LiveInstances, printableJson, strangerNote } from '../../control/client/live-instances';
import { locate, type Located } from '../locate';
import { pause, print, wrongUsage } from '../print';
import { wrap } from '../table';
import { openMetrics } from './status-metrics';
import { StatusReport } from './status-report';

/** The screen that editors use: what stood there before comes back when it is left. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** The size of a terminal that does not report one. */
const SIZE = { width: 80, height: 24 };

/**
 * A page that is shown on a terminal, again and again, without flicker: written over what stands there, by one write.
 * However the process ends, the terminal is left as it was found.
 */
class TerminalView {
  private isOpen = false;
  private isGuarded = false;

  /** @param page the lines to show, none longer than `width` */
  constructor(private readonly page: (width: number) => readonly string[]) {}

  /** The page as it is now. From the first time on it is drawn anew when the window changes, too. */
  draw(): void {
    if (!this.isGuarded) this.guard();
    this.isGuarded = true;
    const { columns, rows } = process.stdout;
    const height = rows > 0 ? rows : SIZE.height;
    // The last column stays free: behind a full line, the cursor stands on its last character, which would be wiped out.
    const lines = cut(this.page((columns > 0 ? columns : SIZE.width) - 1), height);
    const text = lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n');
    print(`${this.isOpen ? '' : ENTER}${HOME}${text}${REST_OF_SCREEN}`);
    this.isOpen = true;
  }

  private guard(): void {
    for (const signal of ENDING) process.once(signal, this.endBy);
    process.on('SIGTSTP', () => {
      this.leave();
      process.kill(process.pid, 'SIGSTOP');
    });
    process.on('SIGCONT', () => this.draw());
    process.on('exit', () => this.leave());
    process.stdout.on('resize', () => this.draw());
  }

  private leave(): void {
    if (this.isOpen) print(LEAVE);
    this.isOpen = false;
  }

  /** Without a listener of ours, the second time does what a signal does. */
  private readonly endBy = (signal: NodeJS.Signals): void => {
    this.leave();
    process.kill(process.pid, signal);
  };
}

function cut(lines: readonly string[], height: number): readonly string[] {
  if (lines.length <= height) return lines;
  const shown = lines.slice(0, height - 1);
  return [...shown, `… ${lines.length - shown.length} lines more`];
}

const WATCH_MS = 1_000;

interface WatchOptions {
  readonly json: boolean;
  readonly clock: Clock;
  readonly read: () => Promise<StatusReport>;
}

/** Runs until the process is ended: on a terminal one page kept up to date, elsewhere one page below the other. */
async function watchStatus({ json, clock, read }: WatchOptions): Promise<never> {
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
    const content = json ? printableJson(report.json) : report.fingerprint;
    if (content === shown) return;
    shown = content;
    print(json ? `${content}\n` : `${pageOf(report, clock, Infinity).join('\n')}\n\n`);
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
  return [toIso(nowMs), ...complaint, ...report.lines(nowMs, width)];
}

const FORMATS = ['table', 'json', 'openmetrics'] as const;
type Format = (typeof FORMATS)[number];

interface Call extends Located {
  readonly format: Format;
  readonly watch: boolean;
}

/** `skyanchor status [--file F] [--format table|json|openmetrics] [--json] [--watch]` */
export async function status(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = read(argv);
  if (typeof call === 'string') return wrongUsage('status', call);
  const { statusFile, format } = call;
  const note = await keepAliveWhile(strangerNote(call));
  if (note !== undefined) process.stderr.write(`skyanchor status: ${note}\n`);
  const instances = new LiveInstances(statusFile, clock);
  const readReport = (): Promise<StatusReport> => StatusReport.read(statusFile, instances);
  if (call.watch) return keepAliveWhile(watchStatus({ json: format === 'json', clock, read: readReport }));
  return show(await keepAliveWhile(readReport()), format, clock);
}

function read(argv: readonly string[]): Call | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        file: { type: 'string' },
        format: { type: 'string' },
        json: { type: 'boolean' },
        watch: { type: 'boolean' },
      },
    });
    const located = locate(values.file);
    if (!located) return 'expected --file, or SW_AGENT_COMMAND_FILE in the environment';
    const { watch = false } = values;
    const text = values.format ?? (values.json ? 'json' : 'table');
    const format = FORMATS.find((one) => one === text);
    if (!format) return `--format ${text}: expected ${FORMATS.join(', ')}`;
    if (watch && format === 'openmetrics') return '--watch: expected without --format openmetrics';
    return { ...located, format, watch };
  } catch (error) {
    return errorMessage(error);
  }
}

function show(report: StatusReport, format: Format, clock: Clock): number {
  const { isTTY, columns } = process.stdout;
  const lines =
    format === 'json' ? [printableJson(report.json, 2)] : report.lines(clock.now(), isTTY ? columns : Infinity);
  print(format === 'openmetrics' ? openMetrics(report.live) : lines.map((line) => `${line}\n`).join(''));
  if (report.complaint !== undefined) process.stderr.write(`skyanchor status: ${report.complaint}\n`);
  return report.exitCode;
}
