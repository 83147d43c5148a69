import { hostname } from 'node:os';
import { ignoresEveryPath } from '../../agent/diagnosis/blind-spots';
import { installedLibraries, outOfRange } from '../../agent/diagnosis/libraries';
import { explainConfig, type ExplainedConfig } from '../../config/resolve';
import { FLAG_PREFIX } from '../../config/sources/flags';
import { checkCommandFile } from '../../control/client/command-writer';
import type { Report } from './report';

const SECTION = 'configuration';

/** As an agent would read it that is started in this folder. @param flags as for `skyanchor run` */
export function readConfiguration(flags: readonly string[]): ExplainedConfig {
  return explainConfig({
    args: flags.map((flag) => flag.replace(/^--(?=[a-z])/, FLAG_PREFIX)),
    env: process.env,
    cwd: process.cwd(),
    mainScript: undefined,
    hostname: hostname(),
    pid: process.pid,
  });
}

/** @returns whether there is a configuration to go on with */
export function reportConfiguration({ config, faults, given }: ExplainedConfig, report: Report): boolean {
  const add = report.add.bind(report, SECTION);
  for (const { name, value, source } of given) add(name, 'ok', `${value} (${source})`);
  const set = new Set(given.map(({ name }) => name));
  const addresses = config.backends.map(({ host, port }) => `${host}:${port}`).join();
  if (!set.has('serviceName')) add('serviceName', 'ok', `${config.serviceName} (default)`);
  if (!set.has('backends')) add('backends', 'ok', `${addresses} (default)`);
  if (!set.has('protocol')) add('protocol', 'ok', 'auto (default)');
  if (!set.has('tls')) add('tls', 'ok', `${config.tls ? 'on' : 'off'} (default)`);
  for (const { name, value, source, expected } of faults)
    add(name, 'failed', `${name} = ${value} (${source}): expected ${expected}; the application runs untraced`);
  for (const refusal of config.refusals) add('file', 'failed', refusal);
  for (const warning of config.warnings) add('unread', 'warning', warning);
  return faults.length === 0;
}

/** What keeps everything from being traced although the backend is well. */
export function reportBlindSpots({ config, given }: ExplainedConfig, report: Report): void {
  const add = report.add.bind(report, 'instrumentations');
  const sourceOf = (name: string): string => given.find((one) => one.name === name)?.source ?? 'default';
  if (!config.enabled) add('enabled', 'failed', `the agent is switched off (${sourceOf('enabled')})`);
  if (config.sampleRate === 0)
    add('sampling', 'failed', `no trace is kept: sampleRate is 0 (${sourceOf('sampleRate')})`);
  if (ignoresEveryPath(config)) {
    const names = ['ignorePath', 'traceIgnorePath', 'ignoreSuffix'].filter((name) =>
      given.some((one) => one.name === name),
    );
    const which = names.map((name) => `${name} (${sourceOf(name)})`).join(', ');
    add('paths', 'failed', `every path is ignored, by ${which}`);
  }
  if (config.disable.length > 0) {
    const state = config.disable.includes('http') ? 'failed' : 'warning';
    add('disable', state, `switched off: ${config.disable.join(', ')} (${sourceOf('disable')})`);
  }
  const { libraries, refusals } = installedLibraries(process.cwd());
  for (const text of [...outOfRange(libraries), ...refusals]) add('version', 'warning', text);
}

/** The command file that is configured, by the rules of an agent that runs as this user. */
export async function reportCommandFile({ config }: ExplainedConfig, report: Report): Promise<void> {
  const { commandFile, commandFileOwners: owners, commandFileTrustDirectory: trustDirectory } = config;
  if (commandFile === undefined) {
    report.add('command file', 'file', 'ok', 'none is configured');
    return;
  }
  const { text, rule } = await checkCommandFile({ path: commandFile, owners, trustDirectory });
  report.add('command file', 'trust', rule === undefined ? 'ok' : 'failed', `${commandFile} ${text}`);
}
