import { hostname } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sendEntry } from '../agent/spool/spool-courier';
import { AgentError } from '../api/errors';
import { keepAliveWhile, systemClock } from '../base/clock';
import { Log } from '../base/log';
import { errorMessage, printable } from '../base/text';
import { toIso } from '../base/time';
import { resolveConfig } from '../config/resolve';
import { printableJson } from '../control/client/live-instances';
import { type SpoolEntry, SpoolOperator } from '../spool/spool-operator';
import { forTerminal, HOW_TO_NAME, print, wrongUsage } from './print';
import { ageOf, fitTable, type TableColumn } from './table';

const ACTIONS = ['ls', 'send', 'drop'] as const;
type Action = (typeof ACTIONS)[number];
const UID = /^\d{1,10}$/;

interface Call {
  readonly action: Action;
  readonly directory: string;
  /** Where it was called: as root the process goes into the directory. */
  readonly cwd: string;
  readonly backends: string | undefined;
  readonly service: string | undefined;
  readonly json: boolean;
  readonly all: boolean;
  /** Users who may have written the spool, beside root and this one. */
  readonly owners: readonly number[];
}

/** `skyanchor spool ls|send|drop` */
export async function spool(argv: readonly string[]): Promise<number> {
  const call = read(argv);
  if (typeof call === 'string') return wrongUsage('spool', call);
  const operator = new SpoolOperator(call.directory, systemClock);
  let entries: readonly SpoolEntry[];
  try {
    const isLook = call.action === 'ls';
    await keepAliveWhile(isLook ? operator.enter() : operator.checkKind());
    // Node reads what that names when it is first needed: by then we may be in the directory of another user.
    if (call.action === 'send' && process.env['NODE_EXTRA_CA_CERTS'])
      process.getBuiltinModule('node:tls').createSecureContext();
    // Before anything in it is read.
    const refusal = isLook ? undefined : await refusalOf(operator, call);
    if (refusal !== undefined) {
      complain(refusal);
      return 1;
    }
    entries = await keepAliveWhile(operator.list());
  } catch (error) {
    complain(`${call.directory} cannot be read: ${errorMessage(error)}`);
    return 1;
  }
  const chosen = entries.filter(({ owner }) => call.service === undefined || owner?.service === call.service);
  if (call.action === 'ls') return list(chosen, call);
  return call.action === 'send' ? send(chosen, operator, call) : drop(chosen, operator);
}

/** @returns undefined: no other user could have planted what lies there */
async function refusalOf(operator: SpoolOperator, { directory, owners }: Call): Promise<string | undefined> {
  try {
    await keepAliveWhile(operator.checkOwners(owners));
    return undefined;
  } catch (error) {
    return `${directory} is left alone: ${errorMessage(error)}; run this as that user, or name it by --owner`;
  }
}

function read(argv: readonly string[]): Call | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        directory: { type: 'string' },
        backends: { type: 'string' },
        service: { type: 'string' },
        json: { type: 'boolean' },
        all: { type: 'boolean' },
        owner: { type: 'string' },
      },
    });
    const [given, ...more] = positionals;
    const action = ACTIONS.find((one) => one === given);
    if (!action || more.length > 0) return `expected one of ${ACTIONS.join(', ')}`;
    const directory = values.directory ?? process.env['SW_AGENT_SPOOL_DIRECTORY'];
    if (directory === undefined || directory === '')
      return 'expected --directory, or SW_AGENT_SPOOL_DIRECTORY in the environment';
    const { backends, service, json = false, all = false, owner } = values;
    if (owner !== undefined && !UID.test(owner)) return `--owner ${owner}: expected the number of a user`;
    // By sudo, a user does as root what is that user's own.
    const uids = [owner, process.geteuid?.() === 0 ? process.env['SUDO_UID'] : undefined];
    const owners = uids.filter((uid) => uid !== undefined && UID.test(uid)).map(Number);
    if (action === 'drop' && service === undefined && !all) return 'drop: expected --service NAME, or --all';
    return { action, directory: path.resolve(directory), cwd: process.cwd(), backends, service, json, all, owners };
  } catch (error) {
    return errorMessage(error);
  }
}

function list(entries: readonly SpoolEntry[], { json }: Call): number {
  if (json) print(`${printableJson(entries.map(documentOf), 2)}\n`);
  else if (entries.length > 0) print(`${tableOf(entries).join('\n')}\n`);
  if (entries.length === 0 && !json) complain('nothing waits');
  return 0;
}

function documentOf({ owner, state, files, bytes, segments, oldest, corrupt }: SpoolEntry): unknown {
  const { service = null, instance = null, host = null, pid = null } = owner ?? {};
  const amounts = { state, segments, bytes, files, corrupt };
  return { service, instance, host, pid, ...amounts, oldest: oldest === undefined ? null : toIso(oldest) };
}

function tableOf(entries: readonly SpoolEntry[]): string[] {
  const column = (title: string, cell: (entry: SpoolEntry) => string): TableColumn => ({
    cells: [title, ...entries.map(cell)],
  });
  const columns = [
    column('SERVICE', ({ owner }) => printable(owner?.service ?? '?')),
    column('INSTANCE', ({ owner }) => printable(owner?.instance ?? '?')),
    column('HOST', ({ owner }) => printable(owner?.host ?? '?')),
    column('PID', ({ owner }) => String(owner?.pid ?? '?')),
    column('STATE', ({ state }) => state),
    column('SEGMENTS', ({ segments }) => String(segments)),
    column('BYTES', ({ bytes }) => String(bytes)),
    column('FILES', ({ files }) => String(files)),
    column('OLDEST', ({ oldest }) => ageOf(oldest === undefined ? '' : toIso(oldest), systemClock.now())),
    column('CORRUPT', ({ corrupt }) => String(corrupt)),
  ];
  const { isTTY, columns: width } = process.stdout;
  return fitTable(columns, isTTY ? width : Infinity);
}

async function send(entries: readonly SpoolEntry[], operator: SpoolOperator, { backends, cwd }: Call): Promise<number> {
  const dead = entries.filter(({ state, files }) => state === 'dead' && files > 0);
  for (const entry of entries.filter(({ state }) => state !== 'dead')) complain(`${nameOf(entry)} is ${entry.state}`);
  const total = dead.reduce((sum, { segments }) => sum + segments, 0);
  const counts: Record<string, number> = {};
  const progress = progressBar(total);
  let failures = 0;
  try {
    const config = resolveConfig({
      options: backends === undefined ? {} : { backends },
      args: [],
      env: process.env,
      cwd,
      mainScript: undefined,
      hostname: hostname(),
      pid: process.pid,
    });
    for (const refusal of config.refusals) complain(refusal);
    // What is left is the default address, without TLS: anybody may listen there.
    if (config.isBackendGuessed && dead.length > 0) {
      complain(`nothing is sent: ${HOW_TO_NAME}`);
      return 1;
    }
    const log = new Log(systemClock);
    const onResult = (count: number, result: string): void => {
      counts[result] = (counts[result] ?? 0) + count;
      progress(Object.values(counts).reduce((sum, one) => sum + one, 0));
    };
    for (const entry of dead) {
      const fault = await sendEntry(entry, { config, clock: systemClock, log, operator, onResult });
      if (fault === undefined) continue;
      failures++;
      complain(`${nameOf(entry)}: ${fault}`);
    }
  } catch (error) {
    if (error instanceof AgentError && error.code === 'INVALID_CONFIGURATION')
      return wrongUsage('spool', errorMessage(error));
    complain(errorMessage(error));
    failures++;
  }
  const { sent = 0, ...lost } = counts;
  const rest = Object.entries(lost).map(([reason, count]) => `, ${count} ${reason}`);
  print(`${sent} segments sent${rest.join('')}\n`);
  return failures > 0 ? 1 : 0;
}

async function drop(entries: readonly SpoolEntry[], operator: SpoolOperator): Promise<number> {
  let segments = 0;
  let failures = 0;
  for (const entry of entries) {
    try {
      if (await keepAliveWhile(operator.drop(entry.key))) segments += entry.segments;
      else complain(`${nameOf(entry)} is ${entry.state}: left alone`);
    } catch (error) {
      complain(errorMessage(error));
      failures++;
    }
  }
  print(`${segments} segments dropped\n`);
  return failures > 0 ? 1 : 0;
}

const BAR = 30;

/** On a terminal, one line that is written over; elsewhere nothing. */
function progressBar(total: number): (done: number) => void {
  if (!process.stderr.isTTY || total === 0) return () => undefined;
  return (done) => {
    const filled = Math.min(BAR, Math.round((BAR * done) / total));
    const end = done >= total ? '\n' : '';
    process.stderr.write(`\r[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done}/${total} segments${end}`);
  };
}

function nameOf({ owner, key }: SpoolEntry): string {
  return owner ? printable(`${owner.service} ${owner.instance} (process ${owner.pid} of ${owner.host})`) : key;
}

function complain(text: string): void {
  process.stderr.write(`skyanchor spool: ${forTerminal(text)}\n`);
}
