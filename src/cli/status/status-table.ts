import { ageOf, fitTable, type TableColumn } from '../table';
import { field, printableField, type Instance } from '../../control/client/live-instances';

interface Column extends Omit<TableColumn, 'cells'> {
  readonly title: string;
  readonly cell: (instance: Instance, nowMs: number) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'INSTANCE', cell: ({ name }) => printableField(name), shrinkOrder: { turn: 3, least: 12 } },
  { title: 'SERVICE', cell: ({ entry }) => printableField(field(entry, 'service')), dropOrder: 2 },
  { title: 'PID', cell: ({ entry }) => printableField(entry.pid) },
  { title: 'PHASE', cell: ({ entry }) => printableField(field(entry, 'registration', 'phase')) },
  { title: 'IDS', cell: ({ entry }) => idsOf(entry) },
  {
    title: 'BACKEND',
    cell: ({ entry }) => printableField(field(entry, 'backend')),
    shrinkOrder: { turn: 1, least: 9 },
  },
  { title: 'HEARTBEAT', cell: ({ entry }, nowMs) => heartbeatOf(entry, nowMs) },
  { title: 'SENT', cell: ({ entry }) => printableField(field(entry, 'segments', 'sent')), dropOrder: 1 },
  { title: 'DROPPED', cell: ({ entry }) => printableField(field(entry, 'segments', 'dropped')), dropOrder: 1 },
  {
    title: 'LAST COMMAND',
    cell: ({ entry }, nowMs) => lastCommandOf(entry, nowMs),
    shrinkOrder: { turn: 2, least: 15 },
  },
];

/** A line for each instance, below one of titles; none where there is no instance. No line is longer than `width`. */
export function statusTable(instances: readonly Instance[], nowMs: number, width: number): string[] {
  if (instances.length === 0) return [];
  const columns = COLUMNS.map(({ title, cell, ...fitting }) => ({
    ...fitting,
    cells: [title, ...instances.map((instance) => cell(instance, nowMs))],
  }));
  return fitTable(columns, width);
}

/** Service id and instance id, the numbers that the backend gave. */
function idsOf(entry: unknown): string {
  const ids = [field(entry, 'registration', 'serviceId'), field(entry, 'registration', 'instanceId')];
  return ids.map(printableField).join('/');
}

function heartbeatOf(entry: unknown, nowMs: number): string {
  const failures = field(entry, 'heartbeat', 'failures');
  if (typeof failures === 'number' && failures > 0) return `fails ${failures}x`;
  return ageOf(field(entry, 'heartbeat', 'lastOkAt'), nowMs);
}

function lastCommandOf(entry: unknown, nowMs: number): string {
  const last = field(entry, 'commands', 'last');
  const command: unknown = Array.isArray(last) ? last.at(-1) : undefined;
  if (command === undefined) return '-';
  const verb = printableField(field(command, 'verb'));
  return `${verb} ${printableField(field(command, 'state'))} ${ageOf(field(command, 'at'), nowMs)}`;
}
