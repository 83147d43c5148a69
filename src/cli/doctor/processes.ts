import { ignoresEveryPath } from '../../agent/diagnosis/blind-spots';
import { outOfRange } from '../../agent/diagnosis/libraries';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import {
  dropsOf,
  field,
  printableField,
  isRegistered,
  LiveInstances,
  type Instance,
} from '../../control/client/live-instances';
import type { Report } from './report';

/** The processes of this host, as they themselves tell in the status file. */
export async function reportProcesses(statusFile: string, clock: Clock, report: Report): Promise<void> {
  try {
    const { live, dead } = await new LiveInstances(statusFile, clock).readAll();
    for (const instance of live) reportProcess(instance, report);
    if (live.length > 0) return;
    const ended = dead.length > 0 ? `; ${dead.length} that were there have ended` : '';
    report.add('processes', 'status file', 'failed', `no agent runs that writes ${statusFile}${ended}`);
  } catch (error) {
    report.add('processes', 'status file', 'failed', `${statusFile} cannot be read: ${errorMessage(error)}`);
  }
}

function reportProcess({ name, entry }: Instance, report: Report): void {
  const add = report.add.bind(report, `process ${name}`);
  const value = (...path: string[]): unknown => field(entry, ...path);
  const error = value('heartbeat', 'lastError');
  const phase = printableField(value('registration', 'phase'));
  if (isRegistered(entry) && typeof error !== 'string') add('registration', 'ok', phase);
  else add('registration', 'failed', typeof error === 'string' ? `${phase}: ${error}` : phase);

  const loadedBefore = textsOf(value('instrumentations', 'loadedBefore'));
  const afterMs = numberOf(value('instrumentations', 'startedAfterMs'));
  const late = `the agent was started ${(afterMs / 1_000).toFixed(1)} s after the process`;
  if (loadedBefore.length > 0) {
    const hint = 'start it first, with node --require skyanchor/register';
    // Much is traced all the same; where something was, it is only a guess.
    const state = value('segments', 'accepted') === 0 ? 'failed' : 'warning';
    add('start', state, `${late}, too late for ${loadedBefore.join(', ')}, which had been loaded by then; ${hint}`);
  } else if (Number.isFinite(afterMs)) add('start', 'ok', `${late}, before any library that it instruments`);

  for (const text of outOfRange(textsOf(value('instrumentations', 'libraries')))) add('version', 'warning', text);

  const off = textsOf(value('instrumentations', 'off'));
  const active = textsOf(value('instrumentations', 'active'));
  if (active.length > 0) add('instrumentations', 'ok', active.join(', '));
  if (off.length > 0) add('disable', off.includes('http') ? 'failed' : 'warning', `switched off: ${off.join(', ')}`);

  const from = (setting: string): string => printableField(value('settings', setting, 'from'));
  if (value('settings', 'sampleRate', 'value') === 0)
    add('sampling', 'failed', `no trace is kept: the sample rate is 0 (${from('sampleRate')})`);
  const ignorePath = textsOf(value('settings', 'ignorePath', 'value'));
  const ignoreSuffix = textsOf(value('settings', 'ignoreSuffix', 'value'));
  if (ignoresEveryPath({ ignorePath, ignoreSuffix }))
    add('paths', 'failed', `every path is ignored, by ignorePath = ${ignorePath.join()} (${from('ignorePath')})`);

  const [accepted, sent, dropped] = ['accepted', 'sent', 'dropped'].map((count) => numberOf(value('segments', count)));
  const counts = `${accepted} traced, ${sent} sent, ${dropped} dropped`;
  const reasons = dropsOf(entry)
    .map(([reason]) => reason)
    .join(', ');
  if (accepted === 0) add('segments', 'warning', 'nothing was traced yet: was there a request?');
  else add('segments', (dropped ?? 0) > 0 ? 'warning' : 'ok', reasons === '' ? counts : `${counts}: ${reasons}`);

  const fault = value('commands', 'fault');
  if (typeof fault === 'string') add('command file', 'failed', `${printableField(value('commands', 'file'))} ${fault}`);
}

/** Reads what a process wrote, which may be anything. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
