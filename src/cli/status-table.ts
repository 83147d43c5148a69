import { field, printable } from './document';
import type { Instance } from './live-instances';

type Column = readonly [title: string, cell: (instance: Instance) => string];

const COLUMNS: readonly Column[] = [
  ['INSTANCE', ({ name }) => printable(name)],
  ['SERVICE', ({ entry }) => printable(field(entry, 'service'))],
  ['PID', ({ entry }) => printable(entry.pid)],
  ['PHASE', ({ entry }) => printable(field(entry, 'registration', 'phase'))],
  ['IDS', ({ entry }) => idsOf(entry)],
  ['BACKEND', ({ entry }) => printable(field(entry, 'backend'))],
  ['HEARTBEAT', ({ entry }) => heartbeatOf(entry)],
  ['SENT', ({ entry }) => printable(field(entry, 'segments', 'sent'))],
  ['DROPPED', ({ entry }) => printable(field(entry, 'segments', 'dropped'))],
  ['LAST COMMAND', ({ entry }) => lastCommandOf(entry)],
];

/** A row for each instance, below a line of titles; nothing where there is none. */
export function statusTable(instances: readonly Instance[]): string {
  if (instances.length === 0) return '';
  const rows = [COLUMNS.map(([title]) => title), ...instances.map((one) => COLUMNS.map(([, cell]) => cell(one)))];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Of service and instance, as the command file shows them. */
function idsOf(entry: unknown): string {
  const ids = [field(entry, 'registration', 'serviceId'), field(entry, 'registration', 'instanceId')];
  return ids.map(printable).join('/');
}

function heartbeatOf(entry: unknown): string {
  const failures = field(entry, 'heartbeat', 'failures');
  if (typeof failures === 'number' && failures > 0) return `failed ${failures}x`;
  return printable(field(entry, 'heartbeat', 'lastOkAt'));
}

function lastCommandOf(entry: unknown): string {
  const last = field(entry, 'commands', 'last');
  const command: unknown = Array.isArray(last) ? last.at(-1) : undefined;
  if (command === undefined) return '-';
  return [field(command, 'verb'), field(command, 'state'), field(command, 'at')].map(printable).join(' ');
}
