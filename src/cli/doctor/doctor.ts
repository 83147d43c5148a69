import { type Clock, keepAliveWhile, systemClock } from '../../base/clock';
import type { Config } from '../../config/config';
import { takeFlags } from '../../config/sources/flags';
import { printableJson } from '../../control/client/live-instances';
import { locate } from '../locate';
import { HOW_TO_NAME, print, wrongUsage } from '../print';
import { reportClock } from './backend-clock';
import { reportBackends } from './backends';
import { readConfiguration, reportBlindSpots, reportCommandFile, reportConfiguration } from './configuration';
import { reportProcesses } from './processes';
import { Report } from './report';

const HEALTHY = 0;
const FAILED = 1;

/** The backend's port for queries, as a rule. */
const QUERY_PORT = 12_800;

interface Call {
  readonly json: boolean;
  /** The command file beside which the status file of running processes lies. */
  readonly file: string | undefined;
  readonly query: string | undefined;
  /** Those of `skyanchor run`. */
  readonly flags: readonly string[];
}

/** `skyanchor doctor [--json] [--file F] [--query URL] [--name value…]` */
export async function doctor(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = readCall(argv);
  if (typeof call === 'string') return wrongUsage('doctor', call);
  const report = await keepAliveWhile(examine(call, clock));
  if (call.json) print(`${printableJson(report.json, 2)}\n`);
  else print(`${report.lines().join('\n')}\n`);
  return report.failed.length === 0 ? HEALTHY : FAILED;
}

async function examine({ file, query, flags }: Call, clock: Clock): Promise<Report> {
  const report = new Report();
  const explained = readConfiguration(flags);
  const { config } = explained;
  if (reportConfiguration(explained, report)) {
    reportBlindSpots(explained, report);
    const isGuessed = config.isBackendGuessed;
    // Any user may listen at the default address, and would get the token.
    if (isGuessed) report.add('backends', 'address', 'failed', `nothing is sent: ${HOW_TO_NAME}`);
    else await reportBackends(config, clock, report);
    if (!isGuessed || query !== undefined) await reportClock(queryUrl(query, config), clock, report);
    await reportCommandFile(explained, report);
  }
  const statusFile = file === undefined ? config.statusFile : locate(file)?.statusFile;
  if (statusFile !== undefined) await reportProcesses(statusFile, clock, report);
  return report;
}

function queryUrl(query: string | undefined, { backends }: Config): URL {
  if (query !== undefined) return new URL('/graphql', query);
  const host = backends[0]?.host ?? '127.0.0.1';
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${QUERY_PORT}/graphql`);
}

/** @returns a text: what is wrong with the call */
function readCall(argv: readonly string[]): Call | string {
  const flags: string[] = [];
  let [json, file, query]: [boolean, string | undefined, string | undefined] = [false, undefined, undefined];
  for (let at = 0; at < argv.length; at++) {
    const [name, attached] = split(argv[at] ?? '');
    if (name === '--json') json = true;
    else if (name === '--file' || name === '--query') {
      const value = attached ?? argv[++at];
      if (value === undefined || value === '') return `${name}: expected a value`;
      if (name === '--file') file = value;
      else query = value;
    } else flags.push(argv[at] ?? '');
  }
  const { faults, rest } = takeFlags(flags, '--');
  const [fault] = faults;
  if (fault) return `${fault.source} ${fault.value}: expected ${fault.expected}`;
  if (rest.length > 0) return `unexpected ${rest[0] ?? ''}`;
  if (query !== undefined && !/^https?:\/\/\S+$/.test(query)) return `--query ${query}: expected http://host:port`;
  return { json, file, query, flags };
}

function split(arg: string): [name: string, value: string | undefined] {
  const at = arg.indexOf('=');
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}
