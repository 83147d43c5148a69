import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import { holdOpen } from '../base/hold';
import { field } from './document';
import { LiveInstances, type Instance } from './live-instances';
import { locate } from './locate';
import { pause } from './pause';
import { print } from './print';
import { statusTable } from './status-table';
import { wrongUsage } from './wrong-usage';

const ALL_REGISTERED = 0;
const NOT_ALL = 1;
const NOBODY = 3;

const WATCH_MS = 1_000;

interface Call {
  readonly statusFile: string;
  readonly json: boolean;
  readonly watch: boolean;
}

/** `skyanchor status [--file F] [--json] [--watch]` */
export async function status(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = read(argv);
  if (typeof call === 'string') return wrongUsage('status', call);
  const instances = new LiveInstances(call.statusFile, clock);
  return holdOpen(call.watch ? watch(call, instances, clock) : show(call, instances));
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

async function show(call: Call, instances: LiveInstances): Promise<number> {
  const live = await readOrSay(call, instances);
  if (!live) return NOBODY;
  print(call.json ? `${JSON.stringify(toJson(live), null, 2)}\n` : statusTable(live));
  if (live.length === 0) {
    process.stderr.write(`skyanchor status: no live instance in ${call.statusFile}\n`);
    return NOBODY;
  }
  return live.every(({ entry }) => isRegistered(entry)) ? ALL_REGISTERED : NOT_ALL;
}

/** Until somebody ends it. */
async function watch(call: Call, instances: LiveInstances, clock: Clock): Promise<never> {
  let shown: string | undefined;
  for (;;) {
    const live = (await readOrSay(call, instances)) ?? [];
    const text = call.json ? `${JSON.stringify(toJson(live))}\n` : statusTable(live);
    if (text !== shown) print(shown === undefined || call.json ? text : `\n${text}`);
    shown = text;
    await pause(WATCH_MS, clock);
  }
}

async function readOrSay({ statusFile }: Call, instances: LiveInstances): Promise<readonly Instance[] | undefined> {
  try {
    return await instances.read();
  } catch (error) {
    process.stderr.write(`skyanchor status: ${statusFile} cannot be read: ${messageOf(error)}\n`);
    return undefined;
  }
}

function toJson(live: readonly Instance[]): unknown {
  return { version: 1, instances: Object.fromEntries(live.map(({ name, entry }) => [name, entry])) };
}

function isRegistered(entry: unknown): boolean {
  const phase = field(entry, 'registration', 'phase');
  return phase === 'registered' || phase === 'connected';
}
