import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import { holdOpen } from '../base/hold';
import { printableJson } from './document';
import { LiveInstances } from './live-instances';
import { locate } from './locate';
import { print } from './print';
import { StatusReport } from './status-report';
import { watchStatus } from './status-watch';
import { wrongUsage } from './wrong-usage';

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
  if (call.watch) return holdOpen(watchStatus({ json, clock, read: readReport }));
  return show(await holdOpen(readReport()), json, clock);
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
    return messageOf(error);
  }
}

function show(report: StatusReport, json: boolean, clock: Clock): number {
  const { isTTY, columns } = process.stdout;
  const lines = json ? [printableJson(report.json, 2)] : report.lines(clock.now(), isTTY ? columns : Infinity);
  print(lines.map((line) => `${line}\n`).join(''));
  if (report.complaint !== undefined) process.stderr.write(`skyanchor status: ${report.complaint}\n`);
  return report.exitCode;
}
