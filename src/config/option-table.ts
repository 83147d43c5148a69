import { LONGEST_TIMER_MS } from '../base/clock';
import {
  parseCidr,
  type Cidr,
  type TrustIncoming,
  MAX_GLOB_LENGTH,
  parseStatusRange,
  type StatusRange,
} from '../base/patterns';
import {
  APPLICATION_LOG_LEVELS,
  type ApplicationLogLevel,
  INSTRUMENTATIONS,
  PROPAGATE_UNSAMPLED,
  LOG_LEVELS,
  type Logger,
  type LogLevel,
} from '../api/options';
import {
  parseBackendAddress,
  type BackendAddress,
  INSTANCE_NAME_EXPECTED,
  keep,
  samplingRules,
  booleanType,
  lenientListType,
  listType,
  numberType,
  textType,
  wordType,
  type OptionType,
} from './option-type';

/** What a backend shows beside the name of an instance. */
export type OptionProperty = readonly [key: string, value: string];

/** One option: from its row follow the variable, the flag, the key of `start()` and of the file, the faults and the help. */
export interface OptionRow<T> {
  readonly name: string;
  readonly kind: OptionType<T>;
  /** Variables, the first that is set counts. */
  readonly environment: readonly string[];
  /** Without its prefix `--skyanchor-`. */
  readonly flag?: string;
  /** A flag without a value; given, it says `true` to the variable. */
  readonly isSwitch?: true;
  /** It, or what it names, is never printed; a path is, where it begins as one. */
  readonly isSecret?: true;
  /** What stands in it before an `@`, or behind a `?` or a `#`, is never printed. */
  readonly isAddress?: true;
  /** Not a key of `start()` and the file. */
  readonly isTextOnly?: true;
  /** A relative path means: from the working directory; in the file: from the file's folder. */
  readonly isPath?: true;
  /**
   * A variable that says something else is no fault: the agent runs as without it, and warns. Not where the default may
   * cost more, show more or reach another backend than what was meant.
   */
  readonly isSoft?: true;
  /** It makes us obey more users: in a file that was found, and not named, it does not count. */
  readonly widensTrust?: true;
  /** For the help of the command line. */
  readonly help: string;
}

const SERVICE_NAME = /^(?!\s)[^\p{Cc}\p{Cs}]{1,200}(?<!\s)$/u;

const NAME_PART = /^(?!\s)[^\p{Cc}\p{Cs}]{1,100}(?<!\s)$/u;

const line = textType('text without control characters', /^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u);
/** Each is asked for every request. */
const MAX_GLOBS = 64;
const GLOB = new RegExp(`^(?=.*\\S)[^\\p{Cc}\\p{Cs}]{1,${MAX_GLOB_LENGTH}}$`, 'u');

function globsKind(examples: string, what = '', rule = GLOB): OptionType<readonly string[]> {
  const expected = `at most ${MAX_GLOBS} globs${what} of at most ${MAX_GLOB_LENGTH} characters, such as ${examples}`;
  return listType(textType(expected, rule), { expected, least: 0, most: MAX_GLOBS });
}

/** A host, with or without its port, or `unix:` and the path of a socket. A slash shows a URL, which would match nothing. */
const HOST_GLOB = new RegExp(`^(?=unix:|[^/]*$)${GLOB.source}`, 'u');

function hostsKind(examples: string): OptionType<readonly string[]> {
  return globsKind(examples, ' of hosts, without scheme and path,', HOST_GLOB);
}

const NAME = /^\S[^\p{Cc}\p{Cs},]{0,255}$/u;

function namesKind(expected: string): OptionType<readonly string[]> {
  const bounded = `at most ${MAX_GLOBS} ${expected}`;
  return listType(textType(bounded, NAME), { expected: bounded, least: 0, most: MAX_GLOBS });
}

/** A token, and none that says how a message is read or who the client is. */
const RESPONSE_HEADER =
  /^(?!(?:content-.*|transfer-encoding|connection|keep-alive|upgrade|trailer|date|location|set-cookie|www-authenticate)$)[\w!#$%&'*+.^`|~-]{1,64}$/i;

const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const method: OptionType<string> = {
  expected: 'an HTTP method',
  parse: (text) => (METHOD.test(text.toUpperCase()) ? text.toUpperCase() : undefined),
  accept: (value) => (typeof value === 'string' ? method.parse(value.trim()) : undefined),
};
const methods = listType(method, { expected: 'HTTP methods such as OPTIONS,HEAD', least: 0, most: MAX_GLOBS });

const status: OptionType<StatusRange> = {
  expected: 'a status, or a range of them',
  parse: parseStatusRange,
  accept: (value) => (['string', 'number'].includes(typeof value) ? parseStatusRange(String(value).trim()) : undefined),
};

const statuses = listType(status, {
  expected: `at most ${MAX_GLOBS} statuses such as 404, 400-599, none or /users/*=500-599`,
  least: 1,
  most: MAX_GLOBS,
});

const cidr: OptionType<Cidr> = {
  expected: 'an address, or a block of them',
  parse: parseCidr,
  accept: (value) => (typeof value === 'string' ? parseCidr(value.trim()) : undefined),
};

const TRUST_EXPECTED = 'all, none, or addresses such as 10.0.0.0/8,fd00::/8';
const trustWord = wordType<'all' | 'none'>(['all', 'none']);
const trustList = listType(cidr, { expected: TRUST_EXPECTED, least: 1 });
const trustIncoming: OptionType<TrustIncoming> = {
  expected: TRUST_EXPECTED,
  mostItems: trustList.mostItems,
  parse: (text) => trustWord.parse(text) ?? trustList.parse(text),
  accept: (value) => trustWord.accept(value) ?? trustList.accept(value),
};

const instrumentationName = wordType(INSTRUMENTATIONS);

/** Whether OpenTelemetry's spans are taken, and whose. */
export type OpenTelemetrySetting = 'auto' | boolean | readonly string[];

const OPEN_TELEMETRY_EXPECTED = 'auto, true, false, or names of instrumentations such as mongodb,kafkajs';
const autoWord = wordType<'auto'>(['auto']);
const packageNames = listType(textType('a name of a package', /^(?:@[\w.-]+\/)?[\w.-]+$/), {
  expected: OPEN_TELEMETRY_EXPECTED,
  least: 1,
  most: 100,
});
const openTelemetry: OptionType<OpenTelemetrySetting> = {
  expected: OPEN_TELEMETRY_EXPECTED,
  mostItems: packageNames.mostItems,
  parse: (text) => autoWord.parse(text) ?? booleanType.parse(text) ?? packageNames.parse(text),
  accept: (value) => autoWord.accept(value) ?? booleanType.accept(value) ?? packageNames.accept(value),
};

export type LogCorrelationSetting = 'auto' | 'text' | boolean;

const correlationWord = wordType<'auto' | 'text'>(['auto', 'text']);
const logCorrelation: OptionType<LogCorrelationSetting> = {
  expected: 'auto, true, false or text',
  parse: (text) => correlationWord.parse(text) ?? booleanType.parse(text),
  accept: (value) => correlationWord.accept(value) ?? booleanType.accept(value),
};

/** `true` means `info`. */
type ApplicationLogsSetting = ApplicationLogLevel | boolean;

const lineLevel = wordType<ApplicationLogLevel>(APPLICATION_LOG_LEVELS);
const applicationLogs: OptionType<ApplicationLogsSetting> = {
  expected: `true, false, ${lineLevel.expected}, or {level?, maxBuffer?}`,
  parse: (text) => lineLevel.parse(text) ?? booleanType.parse(text),
  accept: (value) => lineLevel.accept(value) ?? booleanType.accept(value),
};

/** Other agents set no limit; a tag has its own all the same. */
const parametersLength = numberType({ least: 1, most: 1_000_000, integer: true });

const path = textType('a path', /^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u);

const backend: OptionType<BackendAddress> = {
  expected: 'host:port',
  parse: parseBackendAddress,
  accept: (value) => (typeof value === 'string' ? parseBackendAddress(value.trim()) : undefined),
};

const logger: OptionType<Logger> = {
  expected: 'an object with the methods error, warn, info and debug, by start() only',
  parse: () => undefined,
  accept: (value) => (isLogger(value) ? value : undefined),
};

function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  const methods = value as Record<string, unknown>;
  return ['error', 'warn', 'info', 'debug'].every((name) => typeof methods[name] === 'function');
}

/** A header carries it. */
export const TOKEN_TYPE = textType('printable ASCII, no blank at either end', /^(?! )[\x20-\x7e]+(?<! )$/);

/** Whether the agent runs; its variable and its flag say the opposite. */
const enabled: OptionType<boolean> = {
  expected: booleanType.expected,
  parse(text) {
    const disabled = booleanType.parse(text);
    return disabled === undefined ? undefined : !disabled;
  },
  accept: booleanType.accept,
};

/** An object of paths turns it on, and is taken apart into the rows of its paths. */
const tls: OptionType<boolean> = { ...booleanType, expected: 'true, false or {caFile?, certFile?, keyFile?}' };

const tlsPath = (variable: string, help: string) =>
  ({ kind: path, environment: [variable], isPath: true, help }) as const;

/** Levels of log4j, winston and pino. */
const LEVEL_ALIASES: Readonly<Record<string, LogLevel>> = {
  verbose: 'debug',
  trace: 'debug',
  all: 'debug',
  warning: 'warn',
  fatal: 'error',
  silent: 'off',
  none: 'off',
};

const FILE_MODE = /^0?6[04][04]$/;

const parseFileMode = (text: string): number | undefined => (FILE_MODE.test(text) ? parseInt(text, 8) : undefined);

/** As text alone: the number 640 of a JSON file would be another mode. */
const fileMode: OptionType<number> = {
  expected: 'octal digits in quotes: 0600, 0640, 0604 or 0644',
  parse: (text) => parseFileMode(text.trim()),
  accept: (value) => (typeof value === 'string' ? parseFileMode(value) : undefined),
};

/** The Python agent's word for it is another thing: what the messages travel by, which is gRPC here. */
const protocol: OptionType<'auto' | 'v2' | 'v3'> = {
  ...wordType<'auto' | 'v2' | 'v3'>(['auto', 'v2', 'v3'], { grpc: 'auto' }),
  instead: (text) => (/^(http|kafka)$/i.test(text.trim()) ? 'skyanchor reports by gRPC alone' : undefined),
};

const MAX_PROPERTIES = 32;
const PROPERTY_KEY = /^(?=.*\S)[^\p{Cc}\p{Cs}]{1,100}$/u;
const PROPERTY_VALUE = /^[^\p{Cc}\p{Cs}]{0,500}$/u;

/** Text, numbers and booleans by name; in the environment, as JSON. */
const instanceProperties: OptionType<readonly OptionProperty[]> = {
  expected: `an object of at most ${MAX_PROPERTIES} texts of at most 500 characters, in the environment as JSON`,
  parse(text) {
    try {
      return propertiesOf(JSON.parse(text));
    } catch {
      return undefined;
    }
  },
  accept: propertiesOf,
};

function propertiesOf(value: unknown): readonly OptionProperty[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value as Record<string, unknown>).filter((entry) => entry[1] !== undefined);
  const isRight = entries.every(
    ([key, item]) =>
      PROPERTY_KEY.test(key) &&
      ['string', 'number', 'boolean'].includes(typeof item) &&
      PROPERTY_VALUE.test(String(item)),
  );
  if (!isRight || entries.length > MAX_PROPERTIES) return undefined;
  return entries.map(([key, item]) => [key, String(item)] as const);
}

const namePart = textType('1 to 100 characters without control characters, no blank at either end', NAME_PART);

const row = <T>(name: string, rest: Omit<OptionRow<T>, 'name'>): OptionRow<T> => ({ name, ...rest });

export const OPTION_TABLE = {
  serviceName: row('serviceName', {
    kind: textType('1 to 200 characters without control characters, no blank at either end', SERVICE_NAME),
    environment: ['SW_AGENT_NAME'],
    flag: 'service-name',
    help: 'name of the service',
  }),
  namespace: row('namespace', {
    kind: namePart,
    environment: ['SW_AGENT_NAMESPACE'],
    help: 'a subnet or a Kubernetes namespace; becomes a part of the name of the service',
  }),
  cluster: row('cluster', {
    kind: namePart,
    environment: ['SW_AGENT_CLUSTER'],
    help: 'a data center; becomes a part of the name of the service and of the peers of calls',
  }),
  instanceName: row('instanceName', {
    // Which characters are right is decided when the placeholders are filled.
    kind: textType(INSTANCE_NAME_EXPECTED, /./su),
    environment: ['SW_AGENT_INSTANCE_NAME', 'SW_AGENT_INSTANCE'],
    flag: 'instance-name',
    help: 'name of the process; may hold ${HOSTNAME}, ${pid}, ${ENV_NAME:default}',
  }),
  instanceProperties: row('instanceProperties', {
    kind: instanceProperties,
    environment: ['SW_INSTANCE_PROPERTIES_JSON', 'SW_AGENT_INSTANCE_PROPERTIES_JSON'],
    isSoft: true,
    help: 'what the backend is to show of this instance beside its name, as JSON',
  }),
  backends: row('backends', {
    kind: listType(backend, { expected: 'host:port,… with ports from 1 to 65535, IPv6 as [::1]:11800', least: 1 }),
    environment: ['SW_AGENT_COLLECTOR_BACKEND_SERVICES'],
    flag: 'backends',
    isAddress: true,
    help: 'host:port,… of the backend',
  }),
  protocol: row('protocol', {
    kind: protocol,
    environment: ['SW_AGENT_PROTOCOL'],
    flag: 'protocol',
    help: 'auto, v2 (OAP 6 and 7) or v3 (8 and later)',
  }),
  commandFile: row('commandFile', {
    kind: path,
    environment: ['SW_AGENT_COMMAND_FILE'],
    flag: 'command-file',
    isPath: true,
    help: 'the file an operator writes commands into',
  }),
  statusFile: row('statusFile', {
    kind: path,
    environment: ['SW_AGENT_STATUS_FILE'],
    flag: 'status-file',
    isPath: true,
    help: 'where the status is shown; default <command file>.status.json',
  }),
  statusFileMode: row('statusFileMode', {
    kind: fileMode,
    environment: ['SW_AGENT_STATUS_FILE_MODE'],
    help: 'who may read the status file, such as 0640; default: as the command file',
  }),
  commandFileOwners: row('commandFileOwners', {
    kind: listType(numberType({ least: 0, most: 2 ** 32 - 1, integer: true }), { expected: 'user ids', least: 0 }),
    environment: ['SW_AGENT_COMMAND_FILE_OWNERS'],
    widensTrust: true,
    help: 'ids of users who may own the command file and the status file',
  }),
  commandFileTrustDirectory: row('commandFileTrustDirectory', {
    kind: booleanType,
    environment: ['SW_AGENT_COMMAND_FILE_TRUST_DIRECTORY'],
    widensTrust: true,
    help: 'whether others may write in its folders',
  }),
  heartbeatMs: row('heartbeatMs', {
    kind: numberType({ least: 10, most: 86_400_000, integer: true }),
    environment: ['SW_AGENT_HEARTBEAT_MS'],
    flag: 'heartbeat-ms',
    help: 'milliseconds between two heartbeats; default 3000 on v2, 30000 on v3',
  }),
  authentication: row('authentication', {
    kind: TOKEN_TYPE,
    environment: ['SW_AGENT_AUTHENTICATION'],
    isSecret: true,
    help: 'the token that the backend asks for',
  }),
  authenticationFile: row('authenticationFile', {
    kind: path,
    environment: ['SW_AGENT_AUTHENTICATION_FILE'],
    isPath: true,
    // The token itself may have been given where its path was meant.
    isSecret: true,
    help: 'file with the token, read again for each connection',
  }),
  tls: row('tls', { kind: tls, environment: ['SW_AGENT_FORCE_TLS'], help: 'whether to speak TLS' }),
  caFile: row('tls.caFile', tlsPath('SW_AGENT_SSL_TRUSTED_CA_PATH', 'PEM file of the authorities')),
  certFile: row('tls.certFile', tlsPath('SW_AGENT_SSL_CERT_CHAIN_PATH', 'PEM file of our certificate')),
  keyFile: row('tls.keyFile', { ...tlsPath('SW_AGENT_SSL_KEY_PATH', 'PEM file of our key'), isSecret: true }),
  maxConnectionAgeMs: row('maxConnectionAgeMs', {
    kind: numberType({ least: 1_000, most: LONGEST_TIMER_MS, integer: true }),
    environment: ['SW_AGENT_MAX_CONNECTION_AGE_MS'],
    help: 'milliseconds after which a connection is replaced, by names resolved anew; default never',
  }),
  forceReconnectionPeriod: row('forceReconnectionPeriod', {
    kind: numberType({ least: 0, most: 1_000_000, integer: true }),
    environment: ['SW_AGENT_FORCE_RECONNECTION_PERIOD'],
    isTextOnly: true,
    isSoft: true,
    help: 'maxConnectionAgeMs in heartbeats, as the Java agent has it; 0: never',
  }),
  serverName: row('tls.serverName', {
    kind: textType('a host name', /^[\w.-]{1,253}$/),
    environment: ['SW_AGENT_SSL_TARGET_NAME_OVERRIDE'],
    help: 'whom the certificate of the backend is to name, where that is not the host of its address',
  }),
  sampleRate: row('sampleRate', {
    kind: numberType({ least: 0, most: 1 }),
    environment: ['SW_AGENT_SAMPLE_RATE'],
    flag: 'sample-rate',
    help: 'share of traces to keep, 0 to 1',
  }),
  sampling: row('sampling', {
    kind: samplingRules,
    environment: [],
    help: 'rules {path, rate?, perSecond?} for the traces that begin here',
  }),
  tracesPer3Seconds: row('tracesPer3Seconds', {
    // The Java agent takes any number below 1 for no limit.
    kind: numberType({ least: -1, most: 1_000_000, integer: true }),
    environment: ['SW_AGENT_SAMPLE_N_PER_3_SECS'],
    isTextOnly: true,
    help: 'traces in three seconds at most that no rule is for; 0: no limit',
  }),
  keep: row('keep', { kind: keep, environment: [], help: 'traces that are sent though they were not sampled' }),
  ignoreSuffix: row('ignoreSuffix', {
    kind: listType(line, { expected: 'suffixes such as .css,.png', least: 0 }),
    environment: ['SW_AGENT_IGNORE_SUFFIX'],
    help: 'paths that end so are not traced',
  }),
  ignorePath: row('ignorePath', {
    kind: globsKind('/health,/metrics/*'),
    environment: ['SW_AGENT_IGNORE_PATH'],
    help: 'paths that match are not traced',
  }),
  traceIgnorePath: row('traceIgnorePath', {
    kind: globsKind('GET:/health,**/metrics/*'),
    environment: ['SW_TRACE_IGNORE_PATH'],
    help: 'requests whose METHOD:path matches are not traced; in Ant globs, as skywalking-backend-js',
  }),
  ignoreProbes: row('ignoreProbes', {
    kind: booleanType,
    environment: ['SW_AGENT_IGNORE_PROBES'],
    isSoft: true,
    help: 'whether /health, /readyz and the like, and what kube-probe asks for, are not traced',
  }),
  ignoreMethods: row('ignoreMethods', {
    kind: methods,
    environment: ['SW_HTTP_IGNORE_METHOD'],
    help: 'HTTP methods that are not traced',
  }),
  responseHeader: row('responseHeader', {
    kind: textType('the name of a header of responses, such as x-trace-id', RESPONSE_HEADER),
    environment: ['SW_AGENT_RESPONSE_HEADER'],
    help: 'header of responses that names their trace',
  }),
  collectQuery: row('collectQuery', {
    kind: booleanType,
    environment: ['SW_AGENT_COLLECT_QUERY'],
    isSoft: true,
    help: 'whether the tag url keeps the query',
  }),
  groupEndpoints: row('groupEndpoints', {
    kind: booleanType,
    environment: ['SW_AGENT_GROUP_ENDPOINTS'],
    isSoft: true,
    help: 'whether numbers, UUIDs and tokens of a path without a route become {id}',
  }),
  trustIncoming: row('trustIncoming', {
    kind: trustIncoming,
    environment: ['SW_AGENT_TRUST_INCOMING'],
    help: 'whose trace headers count: all, none or addresses',
  }),
  propagateTo: row('propagateTo', {
    kind: hostsKind('*.internal,10.*,stock.internal:8080'),
    environment: ['SW_AGENT_PROPAGATE_TO'],
    help: 'hosts whose requests get trace headers; default all',
  }),
  doNotPropagateTo: row('doNotPropagateTo', {
    kind: hostsKind('*.amazonaws.com,api.example.com:8080'),
    environment: ['SW_AGENT_DO_NOT_PROPAGATE_TO'],
    help: 'hosts whose requests get no trace headers',
  }),
  serverErrorStatuses: row('serverErrorStatuses', {
    kind: statuses,
    environment: ['SW_AGENT_SERVER_ERROR_STATUSES'],
    help: 'statuses of requests that are errors, such as 500-599,/users/*=404',
  }),
  clientErrorStatuses: row('clientErrorStatuses', {
    kind: statuses,
    environment: ['SW_AGENT_CLIENT_ERROR_STATUSES'],
    help: 'statuses of outgoing calls that are errors',
  }),
  ignoredExceptions: row('ignoredExceptions', {
    kind: namesKind('classes of exceptions such as NotFoundError,ECONNRESET'),
    environment: ['SW_STATUSCHECK_IGNORED_EXCEPTIONS'],
    help: 'exceptions that make no error of a span',
  }),
  propagateUnsampled: row('propagateUnsampled', {
    kind: wordType(PROPAGATE_UNSAMPLED),
    environment: ['SW_AGENT_PROPAGATE_UNSAMPLED'],
    help: 'headers of calls whose trace is not recorded: id, empty or none',
  }),
  disable: row('disable', {
    // Those who come from skywalking-backend-js have names of its plugins there, which must not stop the application.
    kind: lenientListType(instrumentationName, {
      expected: `names of instrumentations: ${instrumentationName.expected}`,
      least: 0,
    }),
    environment: ['SW_AGENT_DISABLE_PLUGINS'],
    help: 'instrumentations that stay off',
  }),
  openTelemetry: row('openTelemetry', {
    kind: openTelemetry,
    environment: ['SW_AGENT_OPENTELEMETRY'],
    isSoft: true,
    help: 'whose OpenTelemetry spans are taken: auto, true, false or names of instrumentations',
  }),
  logCorrelation: row('logCorrelation', {
    kind: logCorrelation,
    environment: ['SW_LOG_CORRELATION'],
    isSoft: true,
    help: 'whether the lines of loggers have the ids of their trace: auto, true, false or text',
  }),
  sqlParameters: row('sqlParameters', {
    kind: booleanType,
    environment: ['SW_SQL_TRACE_PARAMETERS'],
    isSoft: true,
    help: 'whether the values of SQL statements are kept',
  }),
  sqlParametersMaxLength: row('sqlParametersMaxLength', {
    kind: parametersLength,
    environment: ['SW_SQL_PARAMETERS_MAX_LENGTH'],
    isSoft: true,
    help: 'characters of them; default 512',
  }),
  mongoParameters: row('mongoParameters', {
    kind: booleanType,
    environment: ['SW_MONGO_TRACE_PARAMETERS'],
    isSoft: true,
    help: 'whether the filters of MongoDB commands are kept',
  }),
  mongoParametersMaxLength: row('mongoParametersMaxLength', {
    kind: parametersLength,
    environment: ['SW_MONGO_PARAMETERS_MAX_LENGTH'],
    isSoft: true,
    help: 'characters of them; default 512',
  }),
  meters: row('meters', {
    kind: booleanType,
    environment: ['SW_AGENT_NODEJS_RUNTIME_METRICS_REPORTER_ACTIVE'],
    isSoft: true,
    help: 'tell a v3 backend how this process is',
  }),
  meterPeriodMs: row('meterPeriodMs', {
    kind: numberType({ least: 1_000, most: 3_600_000, integer: true }),
    environment: ['SW_AGENT_NODEJS_RUNTIME_METRICS_REPORT_PERIOD'],
    isSoft: true,
    help: 'milliseconds between two reports of meters',
  }),
  logs: row('logs', {
    kind: booleanType,
    environment: ['SW_AGENT_LOG_REPORTER_ACTIVE'],
    isSoft: true,
    help: 'tell a v3 backend what the agent warns of',
  }),
  events: row('events', {
    kind: booleanType,
    environment: ['SW_AGENT_EVENT_REPORTER_ACTIVE'],
    isSoft: true,
    help: 'tell a v3 backend that this process starts and ends',
  }),
  applicationLogs: row('applicationLogs', {
    kind: applicationLogs,
    environment: ['SW_AGENT_APPLICATION_LOGS'],
    isSoft: true,
    help: 'send a v3 backend the lines of pino, winston and bunyan from this level on; true: info',
  }),
  applicationLogsMaxBuffer: row('applicationLogs.maxBuffer', {
    kind: numberType({ least: 1, most: 1_000_000, integer: true }),
    environment: [],
    help: 'lines of the application that may wait for the backend; default 5000',
  }),
  maxBuffer: row('maxBuffer', {
    kind: numberType({ least: 1, most: 1_000_000, integer: true }),
    environment: ['SW_AGENT_MAX_BUFFER_SIZE'],
    help: 'segments that may wait for the backend',
  }),
  delivery: row('delivery', {
    kind: wordType<'at-most-once' | 'at-least-once'>(['at-most-once', 'at-least-once']),
    environment: ['SW_AGENT_DELIVERY'],
    help: 'at-most-once or at-least-once; default: segments are sent again where a connection was lost',
  }),
  spoolDirectory: row('spool', {
    kind: { ...path, expected: 'the path of a directory, or {directory, maxBytes?, …}' },
    environment: ['SW_AGENT_SPOOL_DIRECTORY'],
    isPath: true,
    help: 'the directory for segments that memory cannot keep; default: none',
  }),
  spoolMaxBytes: row('spool.maxBytes', {
    kind: numberType({ least: 1024 * 1024, most: Number.MAX_SAFE_INTEGER, integer: true }),
    environment: ['SW_AGENT_SPOOL_MAX_BYTES'],
    help: 'bytes of all processes that share it; default 256 MiB',
  }),
  spoolMaxAgeMs: row('spool.maxAgeMs', {
    kind: numberType({ least: 1_000, most: Number.MAX_SAFE_INTEGER, integer: true }),
    environment: [],
    help: 'milliseconds after which what waits is given up; default a day',
  }),
  spoolSeal: row('spool.seal', {
    kind: wordType<'small' | 'medium' | 'large'>(['small', 'medium', 'large']),
    environment: [],
    help: 'the size of what is written at once: small, medium or large',
  }),
  spoolAdopt: row('spool.adopt', {
    kind: wordType<'first' | 'any' | 'never'>(['first', 'any', 'never']),
    environment: [],
    help: 'which process delivers what a dead one has left: first, any or never',
  }),
  spoolDrop: row('spool.drop', {
    kind: wordType<'oldest' | 'newest'>(['oldest', 'newest']),
    environment: [],
    help: 'what goes when it is full: oldest or newest',
  }),
  spoolFsync: row('spool.fsync', {
    kind: wordType<'never' | 'block' | 'interval'>(['never', 'block', 'interval']),
    environment: [],
    help: 'whether the disk is told to keep what was written: never, block or interval',
  }),
  logLevel: row('logLevel', {
    kind: wordType(LOG_LEVELS, LEVEL_ALIASES),
    environment: ['SW_AGENT_LOGGING_LEVEL'],
    isSoft: true,
    flag: 'log-level',
    help: 'off, error, warn, info or debug',
  }),
  logger: row('logger', { kind: logger, environment: [], help: 'where the log goes' }),
  enabled: row('enabled', {
    kind: enabled,
    environment: ['SW_DISABLE'],
    isSoft: true,
    // The option `disable`, which names instrumentations, has no flag.
    flag: 'disable',
    isSwitch: true,
    help: 'run without the agent',
  }),
  config: row('config', {
    kind: path,
    environment: ['SW_AGENT_CONFIG_FILE'],
    flag: 'config',
    isTextOnly: true,
    isPath: true,
    help: 'the configuration file; default skyanchor.config.json beside package.json',
  }),
};

export const OPTION_ROWS: readonly OptionRow<unknown>[] = Object.values(OPTION_TABLE);
