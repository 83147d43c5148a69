import { ageOf } from '../table';
import { field, printableField, isRegistered, type Instance } from '../../control/client/live-instances';

/** What needs attention and does not fit into the table, a line each. */
export function statusNotes(live: readonly Instance[], dead: readonly Instance[], nowMs: number): string[] {
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
