import { booleanType } from '../option-type';
import { OPTION_ROWS } from '../option-table';
import { lazy } from '../../base/lazy';
import type * as Unread from './unread';

/** A variable of another agent that sets an option of ours. */
interface VariableAlias {
  readonly variable: string;
  /** The option's name. One that does not exist leaves the variable unread. */
  readonly option: string;
  /** What our own variable would say; undefined: nothing. Default: the same text. */
  readonly translate?: (text: string) => string | undefined;
  /** Set but empty, it says something: that there is none. */
  readonly mayBeEmpty?: true;
}

const DNS_PERIOD_MS = 300_000;

const negate = (text: string): string => {
  const value = booleanType.parse(text);
  return value === undefined ? text : String(!value);
};
const secondsToMs = (text: string): string | undefined => (/^[1-9]\d{0,5}$/.test(text) ? `${text}000` : undefined);
const periodically = (text: string): string | undefined =>
  booleanType.parse(text) === true ? String(DNS_PERIOD_MS) : undefined;

/** Those of skywalking-backend-js (0.9.0, its master and its open pull requests) and SkyAPM-nodejs 1.2.0. The first that is set counts. */
export const VARIABLE_ALIASES: readonly VariableAlias[] = [
  { variable: 'SW_AGENT_SECURE', option: 'tls' },
  { variable: 'SW_IGNORE_SUFFIX', option: 'ignoreSuffix', mayBeEmpty: true },
  { variable: 'SW_AGENT_RUNTIME_METRICS_REPORTER_ACTIVE', option: 'meters' },
  { variable: 'SW_AGENT_NVM_METRICS_REPORTER_ACTIVE', option: 'meters' },
  { variable: 'SW_AGENT_NVM_JVM_REPORTER_ACTIVE', option: 'meters' },
  { variable: 'SW_AGENT_RUNTIME_METRICS_REPORT_PERIOD', option: 'meterPeriodMs' },
  { variable: 'SW_AGENT_NVM_METRICS_REPORT_PERIOD', option: 'meterPeriodMs' },
  { variable: 'SW_AGENT_NVM_JVM_METRICS_REPORT_PERIOD', option: 'meterPeriodMs' },
  { variable: 'SW_AGENT_DNS_RE_RESOLVE_INTERVAL_SECONDS', option: 'maxConnectionAgeMs', translate: secondsToMs },
  { variable: 'SW_AGENT_IS_RESOLVE_DNS_PERIODICALLY', option: 'maxConnectionAgeMs', translate: periodically },
  { variable: 'SW_AGENT_COLLECTOR_IS_RESOLVE_DNS_PERIODICALLY', option: 'maxConnectionAgeMs', translate: periodically },
  { variable: 'SW_SERVICE_NAME', option: 'serviceName' },
  { variable: 'SW_INSTANCE_NAME', option: 'instanceName' },
  { variable: 'SW_DIRECT_SERVERS', option: 'backends' },
  { variable: 'SW_AUTHENTICATION', option: 'authentication' },
  { variable: 'SW_ENABLED', option: 'enabled', translate: negate },
];

/** What those agents call our options in `start()`. Their values are read as texts of the environment. */
export const KEY_ALIASES: ReadonlyMap<string, string> = new Map([
  ['serviceInstance', 'instanceName'],
  ['instanceUUID', 'instanceName'],
  ['collectorAddress', 'backends'],
  ['directServers', 'backends'],
  ['secure', 'tls'],
  ['authorization', 'authentication'],
  ['maxBufferSize', 'maxBuffer'],
  ['httpIgnoreMethod', 'ignoreMethods'],
  ['disablePlugins', 'disable'],
  ['sslTrustedCAPath', 'tls.caFile'],
  ['sslTrustedCaPath', 'tls.caFile'],
  ['sslCertChainPath', 'tls.certFile'],
  ['sslKeyPath', 'tls.keyFile'],
  ['sslTargetNameOverride', 'tls.serverName'],
  ['sqlTraceParameters', 'sqlParameters'],
  ['mongoTraceParameters', 'mongoParameters'],
  ['runtimeMetricsReporterActive', 'meters'],
  ['nvmMetricsReporterActive', 'meters'],
  ['nvmJvmReporterActive', 'meters'],
  ['runtimeMetricsReportPeriod', 'meterPeriodMs'],
  ['nvmMetricsReportPeriod', 'meterPeriodMs'],
  ['nvmJvmMetricsReportPeriod', 'meterPeriodMs'],
]);

const OF_AGENTS = /^(?:SW|SKYANCHOR)_/;
/** Handed on by a primary process, not by people. */
const INTERNAL = 'SKYANCHOR_PRIMARY';

/** A sentence for each variable that looks as if it were for an agent, and nothing here reads. */
export function unreadVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const set = Object.keys(env).filter((name) => OF_AGENTS.test(name) && env[name] !== '' && name !== INTERNAL);
  if (set.length === 0) return [];
  const options = new Set(OPTION_ROWS.map(({ name }) => name));
  const read = [
    ...OPTION_ROWS.flatMap(({ environment }) => environment),
    ...VARIABLE_ALIASES.filter(({ option }) => options.has(option)).map(({ variable }) => variable),
  ];
  const others = set.filter((name) => !read.includes(name));
  const clash = set.includes('SW_AGENT_LOG_REPORTER_ACTIVE') && set.includes('SW_AGENT_APPLICATION_LOGS');
  return others.length === 0 && !clash ? [] : unread().describeVariables(others, read, clash);
}

/** Loaded only where something is said that nothing here reads. */
const loadUnread = lazy(() => require('./unread') as typeof Unread);

export function unread(): Pick<typeof Unread, 'describeVariables' | 'unreadKey'> {
  try {
    return loadUnread();
  } catch {
    // The file is missing. The agent starts without saying so well what it does not read.
    return { describeVariables: () => [], unreadKey: (name) => `${name} is not read by skyanchor` };
  }
}
