import { errorMessage } from '../../base/text';
import {
  field,
  type Instance,
  type InstanceList,
  isRegistered,
  type LiveInstances,
  printableField,
} from '../../control/client/live-instances';
import { ageOf, fitTable, type TableColumn } from '../table';

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

/** What needs attention and does not fit into the table, a line each. */
function statusNotes(live: readonly Instance[], dead: readonly Instance[], nowMs: number): string[] {
  return [
    ...live.flatMap((instance) =>
      [backendNote(instance, nowMs), faultNote(instance), spoolNote(instance), commandNote(instance, nowMs)].filter(
        Boolean,
      ),
    ),
    ...dead.map(({ name, entry }) => {
      const seen = ageOf(entry.updatedAt, nowMs);
      return `${printableField(name)} is dead: process ${printableField(entry.pid)}, last heard of ${seen} ago`;
    }),
  ];
}

/** Without the number of failures: an entry is not written anew for each. */
function backendNote({ name, entry }: Instance, nowMs: number): string {
  const error = field(entry, 'heartbeat', 'lastError');
  if (isRegistered(entry) && typeof error !== 'string') return '';
  const phase = printableField(field(entry, 'registration', 'phase'));
  const since = ageOf(field(entry, 'registration', 'since'), nowMs);
  return `${printableField(name)} is ${phase} for ${since}${typeof error === 'string' ? `: ${printableField(error)}` : ''}`;
}

function faultNote({ name, entry }: Instance): string {
  const fault = field(entry, 'commands', 'fault');
  if (typeof fault !== 'string') return '';
  return `${printableField(name)} refuses ${printableField(field(entry, 'commands', 'file'))}: it ${printableField(fault)}`;
}

/** Segments that wait on the disk, or cannot get there. */
function spoolNote({ name, entry }: Instance): string {
  const fault = field(entry, 'spool', 'fault');
  const segments = field(entry, 'spool', 'segments');
  const directory = printableField(field(entry, 'spool', 'directory'));
  if (typeof fault === 'string')
    return `${printableField(name)} cannot spool to ${directory}: ${printableField(fault)}`;
  if (typeof segments !== 'number' || segments === 0) return '';
  return `${printableField(name)} has ${segments} segments waiting in ${directory}, ${printableField(field(entry, 'spool', 'bytes'))} bytes`;
}

/** The last one, if it ended otherwise than it should have. */
function commandNote({ name, entry }: Instance, nowMs: number): string {
  const last = field(entry, 'commands', 'last');
  const command: unknown = Array.isArray(last) ? last.at(-1) : undefined;
  const state = field(command, 'state');
  if (command === undefined || state === 'done' || state === 'running') return '';
  const [verb, id, detail] = ['verb', 'id', 'detail'].map((part) => printableField(field(command, part)));
  const why = detail === '' ? '' : `: ${detail ?? ''}`;
  return `${printableField(name)}: ${verb ?? ''} ${id ?? ''} ${printableField(state)} ${ageOf(field(command, 'at'), nowMs)} ago${why}`;
}

const ALL_REGISTERED = 0;
const NOT_ALL = 1;
const NO_INSTANCE = 3;

/** The content of a status file at one moment, for people and for programs. */
export class StatusReport {
  private constructor(
    private readonly list: InstanceList,
    /** Why there is no instance to show; undefined: there is one. */
    readonly complaint: string | undefined,
  ) {}

  /** Never rejects. */
  static async read(statusFile: string, instances: LiveInstances): Promise<StatusReport> {
    try {
      const list = await instances.readAll();
      return new StatusReport(list, list.live.length > 0 ? undefined : `no live instance in ${statusFile}`);
    } catch (error) {
      return new StatusReport({ live: [], dead: [] }, `${statusFile} cannot be read: ${errorMessage(error)}`);
    }
  }

  get live(): readonly Instance[] {
    return this.list.live;
  }

  get exitCode(): number {
    const { live } = this.list;
    if (live.length === 0) return NO_INSTANCE;
    return live.every(({ entry }) => isRegistered(entry)) ? ALL_REGISTERED : NOT_ALL;
  }

  /** The document of those that live. */
  get json(): unknown {
    return { version: 1, instances: Object.fromEntries(this.list.live.map(({ name, entry }) => [name, entry])) };
  }

  /** The same for two that differ in nothing but counters and the time that has passed. */
  get fingerprint(): string {
    const { live, dead } = this.list;
    return JSON.stringify([live.map(fingerprintOf), dead.map(({ name }) => name), this.complaint]);
  }

  /** The table, none of whose lines is longer than `width`, and the notes, whose lines may be. */
  lines(nowMs: number, width: number): string[] {
    const { live, dead } = this.list;
    const table = statusTable(live, nowMs, width);
    const notes = statusNotes(live, dead, nowMs);
    return table.length > 0 && notes.length > 0 ? [...table, '', ...notes] : [...table, ...notes];
  }
}

function fingerprintOf({ name, entry }: Instance): unknown {
  const { pid, backend, registration, commands } = entry;
  return [name, pid, backend, registration, field(entry, 'heartbeat', 'lastError'), commands];
}
