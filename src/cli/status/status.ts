import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { keepAliveWhile } from '../../base/keep-alive';
import { printableJson, LiveInstances } from '../../control/client/live-instances';
import { locate } from '../locate';
import { print, wrongUsage } from '../print';
import { openMetrics } from './status-metrics';
import { StatusReport } from './status-report';
import { watchStatus } from './status-watch';

const FORMATS = ['table', 'json', 'openmetrics'] as const;
type Format = (typeof FORMATS)[number];

interface Call {
  readonly statusFile: string;
  readonly format: Format;
  readonly watch: boolean;
}

/** `skyanchor status [--file F] [--format table|json|openmetrics] [--json] [--watch]` */
export async function status(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = read(argv);
  if (typeof call === 'string') return wrongUsage('status', call);
  const { statusFile, format } = call;
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
    return { statusFile: located.statusFile, format, watch };
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
