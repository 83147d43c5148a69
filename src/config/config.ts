import type { TrustIncoming, StatusRange } from '../base/patterns';
import type {
  ApplicationLogLevel,
  InstrumentationName,
  PropagateUnsampled,
  Logger,
  LogLevel,
  InstanceNameSource,
  KeepOptions,
  SamplingRule,
  SpoolOptions,
} from '../api/options';
import type { BackendAddress } from './option-type';
import type { Application } from './sources/application';
import type { LogCorrelationSetting, OpenTelemetrySetting } from './option-table';

/** PEM, as read from the files; what is absent was not configured. */
export interface TlsConfig {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whom the backend's certificate is to name; absent: the host of its address. */
  readonly serverName?: string;
}

/** Absolute. */
export interface TlsPaths {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface SpoolConfig extends Required<{ [K in keyof SpoolOptions]: NonNullable<SpoolOptions[K]> }> {
  /** Absolute. */
  readonly directory: string;
}

/** The configuration after all layers: checked, whole, frozen. What is discovered later is never written into it. */
export interface Config {
  /** With namespace and cluster, as the backend knows it. */
  readonly serviceName: string;
  readonly namespace: string | undefined;
  readonly cluster: string | undefined;
  /** With its placeholders filled and before any suffix; undefined: to be generated. */
  readonly instanceName: string | undefined;
  readonly instanceNameFrom: InstanceNameSource;
  /**
   * Which of several processes of one name this is, from 1, as far as pm2 or `cluster` number them: for
   * `withNumberSuffix` where no status file tells which names are taken.
   */
  readonly processNumber: number;
  /** The pod, where there is one, and what was configured. */
  readonly instanceProperties: readonly (readonly [key: string, value: string])[];
  /** Each once, in order. */
  readonly backends: readonly BackendAddress[];
  readonly protocol: 'auto' | 'v2' | 'v3';
  /** Absolute. */
  readonly commandFile: string | undefined;
  /** Absolute. */
  readonly statusFile: string | undefined;
  /** Permission bits; undefined: those of the command file, or what the umask leaves. */
  readonly statusFileMode: number | undefined;
  readonly commandFileOwners: readonly number[];
  readonly commandFileTrustDirectory: boolean;
  /** Undefined: the protocol's own, 3000 on v2, 30,000 on v3. */
  readonly heartbeatMs: number | undefined;
  readonly authentication: string | undefined;
  /** Absolute; what `authentication` was read from, to be read again for each connection. */
  readonly authenticationFile: string | undefined;
  /** Undefined: cleartext. */
  readonly tls: TlsConfig | undefined;
  /** What `tls` was read from, to be read again for each connection. */
  readonly tlsPaths: TlsPaths;
  /** Undefined: a connection stays for as long as it holds. */
  readonly maxConnectionAgeMs: number | undefined;
  readonly sampleRate: number;
  readonly sampling: readonly SamplingRule[];
  /** 0: no limit. */
  readonly tracesPer3Seconds: number;
  readonly keep: KeepOptions | undefined;
  readonly ignoreSuffix: readonly string[];
  readonly ignorePath: readonly string[];
  /** Ant globs of `METHOD:path`. */
  readonly traceIgnorePath: readonly string[];
  readonly ignoreProbes: boolean;
  /** In upper case. */
  readonly ignoreMethods: readonly string[];
  readonly responseHeader: string | undefined;
  readonly collectQuery: boolean;
  readonly groupEndpoints: boolean;
  readonly trustIncoming: TrustIncoming;
  /** Undefined: all hosts. */
  readonly propagateTo: readonly string[] | undefined;
  readonly doNotPropagateTo: readonly string[];
  /** Undefined: 400 and above. */
  readonly serverErrorStatuses: readonly StatusRange[] | undefined;
  /** Undefined: 400 and above. */
  readonly clientErrorStatuses: readonly StatusRange[] | undefined;
  readonly ignoredExceptions: readonly string[];
  readonly propagateUnsampled: PropagateUnsampled;
  readonly disable: readonly InstrumentationName[];
  readonly openTelemetry: OpenTelemetrySetting;
  /** Where its packages are found, and which it names. */
  readonly application: Application;
  readonly logCorrelation: LogCorrelationSetting;
  /** Undefined: they are not sent. */
  readonly applicationLogs: { readonly level: ApplicationLogLevel; readonly maxBuffer: number } | undefined;
  readonly sqlParameters: boolean;
  readonly sqlParametersMaxLength: number;
  readonly mongoParameters: boolean;
  readonly mongoParametersMaxLength: number;
  readonly meters: boolean;
  readonly meterPeriodMs: number;
  readonly logs: boolean;
  readonly events: boolean;
  readonly maxBuffer: number;
  /** Undefined: what was on a connection that was lost is sent again, what else is of unknown fate is not. */
  readonly delivery: 'at-most-once' | 'at-least-once' | undefined;
  /** Undefined: nothing is written. */
  readonly spool: SpoolConfig | undefined;
  readonly logLevel: LogLevel;
  readonly logger: Logger;
  readonly enabled: boolean;
  /** What the environment says and is ignored, one line each, for the log. */
  readonly warnings: readonly string[];
  /** What was found of a configuration and does not count, a sentence each, for the log. */
  readonly refusals: readonly string[];
  /** No backend is named, and a configuration file was found that does not count: it may have named one. */
  readonly isBackendGuessed: boolean;
}

const TAKES_TELEMETRY = { auto: true, v2: false, v3: true } as const;

/** Whether a backend of a protocol that is allowed may take logs and meters. */
export function mayTakeTelemetry({ protocol }: Config): boolean {
  return TAKES_TELEMETRY[protocol];
}

/** Undefined: left to the backend. */
export function pinnedProtocol({ protocol }: Config): 'v2' | 'v3' | undefined {
  return protocol === 'auto' ? undefined : protocol;
}
