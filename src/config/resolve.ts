import path from 'node:path';
import { AgentError, type Fault } from '../api/errors';
import { LONGEST_TIMER_MS } from '../base/clock';
import { stderrLogger } from '../base/log';
import { findApplication, defaultServiceName, type Application } from './sources/application';
import { type BackendAddress, fillInstanceName } from './option-type';
import type { Config, SpoolConfig } from './config';
import { readFileBeside, readNamedFile, type FileContent, type FoundFile } from './sources/config-file';
import { readEnvironment, isPackageRunner, processNumber, type WorkerPlace } from './sources/environment';
import { takeFlags } from './sources/flags';
import { unreadVariables } from './names/aliases';
import { readKeys } from './sources/keys';
import { shownFor, Settings, type Setting } from './sources/settings';
import { OPTION_ROWS, OPTION_TABLE as TABLE, type OptionRow, type OptionProperty } from './option-table';
import { readTls, readToken } from './credentials';

/** Everything that a configuration is made from. */
export interface Sources {
  /** What `start()` was called with. */
  readonly options?: unknown;
  /** Arguments; those that are not ours are left alone. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute; undefined: there is none. */
  readonly mainScript: string | undefined;
  readonly hostname: string;
  readonly pid: number;
  /** In `cluster`; undefined: this is no worker. */
  readonly worker?: WorkerPlace | undefined;
}

/** Lays flags over the environment over `start()` over the file over the defaults. Throws every fault at once. */
export function resolveConfig(sources: Sources): Config {
  const { config, faults } = resolveLayers(sources);
  if (faults.length > 0) throw AgentError.ofFaults(faults);
  return config;
}

/** A configuration, and where each value in it came from. */
export interface ExplainedConfig {
  /** Not to be used where there are faults. */
  readonly config: Config;
  readonly faults: readonly Fault[];
  /** What was set, and counts. */
  readonly given: readonly { readonly name: string; readonly value: string; readonly source: string }[];
}

/** As {@link resolveConfig}, for people who look for what is wrong. */
export function explainConfig(sources: Sources): ExplainedConfig {
  const { config, faults, layers } = resolveLayers(sources);
  const given = OPTION_ROWS.map((row) => layers.flat().find((one) => one.row.name === row.name)).filter(
    (one) => one !== undefined,
  );
  return {
    config,
    faults,
    given: given.map(({ row, value, source }) => ({
      name: row.name,
      value: shownFor(row, value),
      source,
    })),
  };
}

function resolveLayers(sources: Sources) {
  const { env, cwd, mainScript } = sources;
  const application = findApplication(mainScript, cwd);
  const flags = takeFlags(sources.args);
  const environment = readEnvironment(env);
  const start = readKeys(sources.options ?? {}, 'start', 'start()');
  const named = new Settings([flags.given, environment]).read(TABLE.config);
  const found = named ? undefined : readFileBeside(application.folders, mainScript);
  const file = named ? readNamedFile(named.given, cwd) : found?.content;
  const layers = [flags.given, environment, start.given, file?.given ?? []];
  const settings = new Settings(layers);
  const notes = [...unreadVariables(env), ...(start.notes ?? []), ...(file?.notes ?? [])];
  const config = build(settings, sources, application, { file, found, notes });
  const faults: readonly Fault[] = [...flags.faults, ...start.faults, ...(file?.faults ?? []), ...settings.found];
  return { config, faults, layers };
}

interface Findings {
  readonly file: FileContent | undefined;
  readonly found: FoundFile | undefined;
  /** What is said to other agents only. */
  readonly notes: readonly string[];
}

/** Where there are faults, what it returns is not used. */
function build(
  settings: Settings,
  sources: Sources,
  application: Application,
  { file, found, notes }: Findings,
): Config {
  const valueOr = <T>(row: OptionRow<T>, fallback: T): T => settings.read(row)?.value ?? fallback;
  const locate = ({ value, given }: Setting<string>): string =>
    path.resolve(given.layer === 'file' && file ? file.folder : sources.cwd, value);
  const pathOf = (row: OptionRow<string>): string | undefined => {
    const setting = settings.read(row);
    return setting && locate(setting);
  };
  // A bad path of the file itself is noted here, where all faults are.
  settings.read(TABLE.config);
  const commandFile = pathOf(TABLE.commandFile);
  const namespace = settings.read(TABLE.namespace)?.value;
  const cluster = settings.read(TABLE.cluster)?.value;
  const instanceName = readInstanceName(settings, sources);
  const tls = readTls(settings, locate);
  const token = readToken(settings, locate);
  const isWanted = valueOr(TABLE.enabled, true) && !isPackageRunner(sources.mainScript);
  return Object.freeze({
    serviceName: qualifiedName(
      valueOr(TABLE.serviceName, defaultServiceName(application.name, sources.mainScript)),
      namespace,
      cluster,
    ),
    namespace,
    cluster,
    instanceName: instanceName?.value,
    instanceNameFrom: instanceName?.given.layer ?? 'generated',
    processNumber: processNumber(sources.env, sources.worker),
    instanceProperties: Object.freeze([...podOf(sources), ...(settings.read(TABLE.instanceProperties)?.value ?? [])]),
    backends: unique(valueOr(TABLE.backends, DEFAULT_BACKENDS)),
    protocol: valueOr(TABLE.protocol, 'auto'),
    commandFile,
    statusFile: pathOf(TABLE.statusFile) ?? (commandFile && `${commandFile}.status.json`),
    statusFileMode: settings.read(TABLE.statusFileMode)?.value,
    commandFileOwners: Object.freeze(valueOr(TABLE.commandFileOwners, [])),
    commandFileTrustDirectory: valueOr(TABLE.commandFileTrustDirectory, false),
    heartbeatMs: settings.read(TABLE.heartbeatMs)?.value,
    authentication: token.value,
    authenticationFile: token.file,
    tls: tls?.files,
    tlsPaths: tls?.paths ?? {},
    maxConnectionAgeMs: readConnectionAge(settings),
    sampleRate: valueOr(TABLE.sampleRate, 1),
    sampling: Object.freeze(valueOr(TABLE.sampling, [])),
    tracesPer3Seconds: Math.max(0, valueOr(TABLE.tracesPer3Seconds, 0)),
    keep: settings.read(TABLE.keep)?.value,
    ignoreSuffix: Object.freeze(valueOr(TABLE.ignoreSuffix, DEFAULT_SUFFIXES)),
    ignorePath: Object.freeze(valueOr(TABLE.ignorePath, [])),
    traceIgnorePath: Object.freeze(valueOr(TABLE.traceIgnorePath, [])),
    ignoreProbes: valueOr(TABLE.ignoreProbes, false),
    ignoreMethods: Object.freeze(valueOr(TABLE.ignoreMethods, [])),
    responseHeader: settings.read(TABLE.responseHeader)?.value,
    collectQuery: valueOr(TABLE.collectQuery, false),
    groupEndpoints: valueOr(TABLE.groupEndpoints, true),
    trustIncoming: Object.freeze(valueOr(TABLE.trustIncoming, 'all')),
    propagateTo: Object.freeze(settings.read(TABLE.propagateTo)?.value),
    doNotPropagateTo: Object.freeze(valueOr(TABLE.doNotPropagateTo, [])),
    serverErrorStatuses: Object.freeze(settings.read(TABLE.serverErrorStatuses)?.value),
    clientErrorStatuses: Object.freeze(settings.read(TABLE.clientErrorStatuses)?.value),
    ignoredExceptions: Object.freeze(valueOr(TABLE.ignoredExceptions, [])),
    propagateUnsampled: valueOr(TABLE.propagateUnsampled, 'id'),
    disable: Object.freeze(valueOr(TABLE.disable, [])),
    openTelemetry: Object.freeze(valueOr(TABLE.openTelemetry, 'auto')),
    application: Object.freeze(application),
    logCorrelation: valueOr(TABLE.logCorrelation, 'auto'),
    applicationLogs: readApplicationLogs(settings),
    sqlParameters: valueOr(TABLE.sqlParameters, false),
    sqlParametersMaxLength: valueOr(TABLE.sqlParametersMaxLength, PARAMETERS_LENGTH),
    mongoParameters: valueOr(TABLE.mongoParameters, false),
    mongoParametersMaxLength: valueOr(TABLE.mongoParametersMaxLength, PARAMETERS_LENGTH),
    meters: valueOr(TABLE.meters, true),
    meterPeriodMs: valueOr(TABLE.meterPeriodMs, 20_000),
    logs: valueOr(TABLE.logs, true),
    events: valueOr(TABLE.events, true),
    maxBuffer: valueOr(TABLE.maxBuffer, 10_000),
    delivery: settings.read(TABLE.delivery)?.value,
    spool: readSpool(settings, pathOf(TABLE.spoolDirectory)),
    logLevel: valueOr(TABLE.logLevel, 'warn'),
    logger: valueOr(TABLE.logger, stderrLogger),
    enabled: isWanted && !found?.isOpen,
    refusals: Object.freeze((isWanted && found?.refusals) || []),
    isBackendGuessed:
      settings.read(TABLE.backends) === undefined && (found?.refusals.length ?? 0) > 0 && !found?.content,
    warnings: Object.freeze([...settings.warnings, ...notes]),
  });
}

const DEFAULT_BACKENDS: readonly BackendAddress[] = [{ host: '127.0.0.1', port: 11_800 }];
const PARAMETERS_LENGTH = 512;
const DEFAULT_SUFFIXES: readonly string[] = '.jpg,.jpeg,.js,.css,.png,.bmp,.gif,.ico,.mp3,.mp4,.html,.svg'.split(',');

function readInstanceName(settings: Settings, sources: Sources): Setting<string> | undefined {
  const template = settings.read(TABLE.instanceName);
  if (!template) return undefined;
  const filled = fillInstanceName(template.value, sources);
  if (filled.type === 'name') return { value: filled.name, given: template.given };
  settings.fault(template.given, filled.expected);
  return undefined;
}

/** Kubernetes calls the host as the pod is called, unless the pod's template says otherwise. */
function podOf({ env, hostname }: Sources): readonly OptionProperty[] {
  const pod = env['POD_NAME'] ?? ((env['KUBERNETES_SERVICE_HOST'] ?? '') === '' ? '' : hostname);
  return pod === '' ? [] : [['pod', pod]];
}

/** As the Java agent of 8.10 and later joins them, an empty part included. */
function qualifiedName(service: string, namespace: string | undefined, cluster: string | undefined): string {
  if (namespace === undefined && cluster === undefined) return service;
  return `${service}|${namespace ?? ''}|${cluster ?? ''}`;
}

/** Agents of Java send a heartbeat every 30 s on either protocol, which is what their unit means. */
const JAVA_HEARTBEAT_MS = 30_000;

function readConnectionAge(settings: Settings): number | undefined {
  const age = settings.read(TABLE.maxConnectionAgeMs)?.value;
  const heartbeats = settings.read(TABLE.forceReconnectionPeriod)?.value;
  if (age !== undefined || !heartbeats) return age;
  const heartbeatMs = settings.read(TABLE.heartbeatMs)?.value ?? JAVA_HEARTBEAT_MS;
  return Math.min(Math.max(heartbeats * heartbeatMs, 1_000), LONGEST_TIMER_MS);
}

function readApplicationLogs(settings: Settings): Config['applicationLogs'] {
  const level = settings.read(TABLE.applicationLogs)?.value ?? false;
  const maxBuffer = settings.read(TABLE.applicationLogsMaxBuffer)?.value ?? 5_000;
  return level === false ? undefined : Object.freeze({ level: level === true ? 'info' : level, maxBuffer });
}

function readSpool(settings: Settings, directory: string | undefined): SpoolConfig | undefined {
  // Each is read, so that a fault shows also where there is no directory.
  const valueOr = <T>(row: OptionRow<T>, fallback: T): T => settings.read(row)?.value ?? fallback;
  const rest = {
    maxBytes: valueOr(TABLE.spoolMaxBytes, 256 * 1024 * 1024),
    maxAgeMs: valueOr(TABLE.spoolMaxAgeMs, 86_400_000),
    seal: valueOr(TABLE.spoolSeal, 'medium'),
    adopt: valueOr(TABLE.spoolAdopt, 'first'),
    drop: valueOr(TABLE.spoolDrop, 'oldest'),
    fsync: valueOr(TABLE.spoolFsync, 'never'),
  };
  return directory === undefined ? undefined : Object.freeze({ directory, ...rest });
}

function unique(backends: readonly BackendAddress[]): readonly BackendAddress[] {
  const byAddress = new Map(backends.map((backend) => [`${backend.host}:${backend.port}`, Object.freeze(backend)]));
  return Object.freeze([...byAddress.values()]);
}
