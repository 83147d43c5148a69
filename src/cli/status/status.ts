import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { keepAliveWhile } from '../../base/keep-alive';
import { printableJson } from '../../control/client/document';
import { LiveInstances } from '../../control/client/live-instances';
import { locate } from '../locate';
import { print, wrongUsage } from '../print';
import { StatusReport } from './status-report';
import { watchStatus } from './status-watch';

interface Call {
  readonly statusFile: string;
  readonly json: boolean;
  readonly watch: boolean;
}

/** `skyanchor status [--file F] [--json] [--watch]` */
export async function status(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = read(argv);
  if (typeof call === 'string') return wrongUsage('status', call);
  const { statusFile, json } = call;
  const instances = new LiveInstances(statusFile, clock);
  const readReport = (): Promise<StatusReport> => StatusReport.read(statusFile, instances);
  if (call.watch) return keepAliveWhile(watchStatus({ json, clock, read: readReport }));
  return show(await keepAliveWhile(readReport()), json, clock);
}

function read(argv: readonly string[]): Call | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { file: { type: 'string' }, json: { type: 'boolean' }, watch: { type: 'boolean' } },
    });
    const located = locate(values.file);
    if (!located) return 'expected --file, or SW_AGENT_COMMAND_FILE in the environment';
    return { statusFile: located.statusFile, json: values.json ?? false, watch: values.watch ?? false };
  } catch (error) {
    return errorMessage(error);
  }
}

function show(report: StatusReport, json: boolean, clock: Clock): number {
  const { isTTY, columns } = process.stdout;
  const lines = json ? [printableJson(report.json, 2)] : report.lines(clock.now(), isTTY ? columns : Infinity);
  print(lines.map((line) => `${line}\n`).join(''));
  if (report.complaint !== undefined) process.stderr.write(`skyanchor status: ${report.complaint}\n`);
  return report.exitCode;
}
