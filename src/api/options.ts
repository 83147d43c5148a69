/** What the transport to the backend is secured with. Each path may be absolute or relative to the working directory. */
interface TlsOptions {
  /** PEM file of the authorities that may have signed the backend's certificate. Default: those that Node trusts. Environment `SW_AGENT_SSL_TRUSTED_CA_PATH`. */
  readonly caFile?: string | undefined;
  /** PEM file of our own certificate and its chain; needs `keyFile`. Environment `SW_AGENT_SSL_CERT_CHAIN_PATH`. */
  readonly certFile?: string | undefined;
  /** PEM file of our own key; needs `certFile`. Environment `SW_AGENT_SSL_KEY_PATH`. */
  readonly keyFile?: string | undefined;
  /**
   * Whom the backend's certificate is to name, and whom the handshake asks for, where that is not the host of the
   * address: behind a tunnel or a load balancer. Turns TLS on only within `tls`. Environment
   * `SW_AGENT_SSL_TARGET_NAME_OVERRIDE`.
   */
  readonly serverName?: string | undefined;
}

/** Segments on the disk. See docs/delivery.md. */
export interface SpoolOptions {
  /**
   * Made with mode 0700 where it is missing; absolute or relative to the working directory. All processes of a host may
   * share it. Environment `SW_AGENT_SPOOL_DIRECTORY`.
   */
  readonly directory: string;
  /** Bytes of all processes together, from 1 MiB. Default: 256 MiB. Environment `SW_AGENT_SPOOL_MAX_BYTES`. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds after which what waits is given up, from 1000. Default: 86,400,000, a day. */
  readonly maxAgeMs?: number | undefined;
  /** When a block is closed and written: as soon as it is `small` (16 KiB, 64 segments, 200 ms), `medium` (64 KiB, 512, 1 s) or `large` (256 KiB, 2048, 5 s). Default: `medium`. */
  readonly seal?: 'small' | 'medium' | 'large' | undefined;
  /**
   * Which process delivers what a dead one has left: the `first` by name of the living ones of the same service, `any` of
   * them, or `never`. Default: `first`.
   */
  readonly adopt?: 'first' | 'any' | 'never' | undefined;
  /** What goes when the disk budget is full: the `oldest` files, or the `newest` segments. Default: `oldest`. */
  readonly drop?: 'oldest' | 'newest' | undefined;
  /** Whether the disk is told to keep what was written: `never`, once a second (`interval`), or after each `block`. Default: `never`. */
  readonly fsync?: 'never' | 'block' | 'interval' | undefined;
}

/**
 * How many of the traces that begin in this process with a certain path are recorded. With both fields a trace has to pass
 * both.
 */
export interface SamplingRule {
  /**
   * Glob of the path of the request that the trace begins with; of a trace that begins with an outgoing call of its path,
   * with `agent.trace()` or `agent.entry()` of its name. At most 256 characters.
   */
  readonly path: string;
  /** The share of them, 0 to 1. Default: 1. */
  readonly rate?: number | undefined;
  /** As many in a second at most, 1 to 1,000,000. Default: no limit. */
  readonly perSecond?: number | undefined;
}

/** Which traces that were not sampled are sent all the same. */
export interface KeepOptions {
  /** Those in which a span of this process is an error. Default: false. */
  readonly errors?: boolean | undefined;
  /** Those in which a span of this process took as long or longer: milliseconds, 1 to 86,400,000. Default: none. */
  readonly slowerThanMs?: number | undefined;
}

/** How grave a line of a log is, the least first. */
export const APPLICATION_LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type ApplicationLogLevel = (typeof APPLICATION_LOG_LEVELS)[number];

export interface ApplicationLogsOptions {
  /** Default: `info`. */
  readonly level?: ApplicationLogLevel | undefined;
  /** Lines that may wait for the backend, 1 to 1,000,000. Default: 5000. */
  readonly maxBuffer?: number | undefined;
}

/**
 * Everything that can be said to the agent. A flag goes before the environment, that before `start()`, that before
 * `skyanchor.config.json`, that before the default. An empty variable counts as not set, and so does `undefined`.
 * Lists are an array or, as in the environment, one string with commas.
 */
export interface Options {
  /**
   * The service that this process is an instance of: 1 to 200 characters, no control characters.
   * Default: `name` in the package.json nearest above the main script, else above the working directory; without one,
   * the script's base name. Environment `SW_AGENT_NAME`, flag `--skyanchor-service-name`.
   */
  readonly serviceName?: string | undefined;
  /**
   * A subnet or a Kubernetes namespace, 1 to 100 characters. As for the Java agent, the service is then known as
   * `service|namespace|cluster`, where a part that is not set is empty. Default: none. Environment `SW_AGENT_NAMESPACE`.
   */
  readonly namespace?: string | undefined;
  /**
   * A data center, or another network in which addresses are unique, 1 to 100 characters: part of the name of the
   * service, see {@link namespace}, and in front of the peer of every call: `cluster/host:port`. Default: none.
   * Environment `SW_AGENT_CLUSTER`.
   */
  readonly cluster?: string | undefined;
  /**
   * The name of this process: 1 to 200 characters, no blanks, no control characters, no leading `@`. May hold
   * `${HOSTNAME}`, `${pid}` and `${ENV_NAME:default}`. While another live process uses it, this one gets the lowest
   * free suffix: `orders-2`, `orders-3`. Default: a UUID made at start.
   * Environment `SW_AGENT_INSTANCE_NAME` or `SW_AGENT_INSTANCE`, flag `--skyanchor-instance-name`.
   */
  readonly instanceName?: string | undefined;
  /**
   * What the backend is to show of this instance beside its name, as `{region: 'eu-1'}`: at most 32 texts (or numbers,
   * booleans) of at most 500 characters. The agent itself reports its version, that of Node.js, the protocol, the host,
   * and the pod and container it runs in. Default: none. Environment `SW_INSTANCE_PROPERTIES_JSON` or
   * `SW_AGENT_INSTANCE_PROPERTIES_JSON`, as JSON.
   */
  readonly instanceProperties?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * Addresses of the backend's nodes, `host:port`, an IPv6 address as `[::1]:11800`. Default: `127.0.0.1:11800`.
   * Environment `SW_AGENT_COLLECTOR_BACKEND_SERVICES`, flag `--skyanchor-backends`.
   */
  readonly backends?: string | readonly string[] | undefined;
  /**
   * Which protocol to speak: `v2` (OAP 6 and 7), `v3` (8 and later); `auto` asks each backend. Default: `auto`.
   * Environment `SW_AGENT_PROTOCOL`, flag `--skyanchor-protocol`.
   */
  readonly protocol?: 'auto' | 'v2' | 'v3' | undefined;
  /**
   * The file through which an operator talks to this process. Default: none, nothing is watched.
   * Environment `SW_AGENT_COMMAND_FILE`, flag `--skyanchor-command-file`.
   */
  readonly commandFile?: string | undefined;
  /**
   * The file that shows the status of every instance on this host. Default: `<commandFile>.status.json`; none where
   * there is no command file. Environment `SW_AGENT_STATUS_FILE`, flag `--skyanchor-status-file`.
   */
  readonly statusFile?: string | undefined;
  /**
   * Who may read the status file, in octal digits: `0600`, `0640`, `0604` or `0644`. Default: those who may read the
   * command file; where there is none, those whom the umask lets. Environment `SW_AGENT_STATUS_FILE_MODE`.
   */
  readonly statusFileMode?: string | undefined;
  /** Ids of users, besides root and our own, who may own the command file and the status file. Default: none. Environment `SW_AGENT_COMMAND_FILE_OWNERS`. */
  readonly commandFileOwners?: string | readonly number[] | undefined;
  /**
   * Waives the rule that no other user may write in the command file's folders, for where the folder itself is the
   * boundary. Default: false. Environment `SW_AGENT_COMMAND_FILE_TRUST_DIRECTORY`.
   */
  readonly commandFileTrustDirectory?: boolean | undefined;
  /**
   * Milliseconds between two heartbeats, 10 to 86,400,000. Default: 3000 on v2, 30,000 on v3.
   * Environment `SW_AGENT_HEARTBEAT_MS`, flag `--skyanchor-heartbeat-ms`.
   */
  readonly heartbeatMs?: number | undefined;
  /** The token that the backend asks for: printable ASCII. Default: none. Environment `SW_AGENT_AUTHENTICATION`; no flag, a secret is not for a command line. */
  readonly authentication?: string | undefined;
  /**
   * File that holds the token, one line, as secrets are mounted. It is read again for each connection, so that a token can be
   * exchanged without a restart; a new content that cannot be used is logged, and the old one stays in force. Where
   * `authentication` is set, too, the one from the stronger source counts, in the same source this. Default: none.
   * Environment `SW_AGENT_AUTHENTICATION_FILE`.
   */
  readonly authenticationFile?: string | undefined;
  /** Speaks TLS to the backend. Default: off. Environment `SW_AGENT_FORCE_TLS`; a path of {@link TlsOptions} alone turns it on. */
  readonly tls?: boolean | TlsOptions | undefined;
  /**
   * Milliseconds, 1000 to 2,147,483,647, after which a connection is replaced by a new one: give or take a fifth, so that
   * agents which started together do not move together. The names in `backends` are resolved anew and the address is
   * picked anew, so that agents spread again after nodes were restarted or added. The old connection is left only when
   * the backend of the new one knows this instance. Default: a connection stays for as long as it holds. Environment
   * `SW_AGENT_MAX_CONNECTION_AGE_MS`, or `SW_AGENT_FORCE_RECONNECTION_PERIOD` in heartbeats, as agents of Java have it.
   */
  readonly maxConnectionAgeMs?: number | undefined;
  /** The share of traces to keep, 0 to 1. Default: 1. Environment `SW_AGENT_SAMPLE_RATE`, flag `--skyanchor-sample-rate`. */
  readonly sampleRate?: number | undefined;
  /**
   * Rules for traces that begin here, at most 64; the first that matches decides alone, in place of `sampleRate` and
   * `SW_AGENT_SAMPLE_N_PER_3_SECS`: `[{path: '/orders/*', rate: 1}, {path: '*', perSecond: 5}]`. A trace that another
   * process began is recorded by the decision that was made there. Default: none. By `start()` and the file only.
   */
  readonly sampling?: readonly SamplingRule[] | undefined;
  /**
   * Sends traces that were not sampled when they show an error or take long: the spans of all traces are recorded, the
   * last 256 segments (4,096 spans) wait in memory, and all of a trace that are among them are sent when one of them is
   * such. It is this process alone that decides: the services which it has called know nothing of it, and keep what they see by
   * themselves. What waits is not counted in `status().segments`, and is gone when the process ends. Default: none. By
   * `start()` and the file only.
   */
  readonly keep?: KeepOptions | undefined;
  /**
   * Requests whose path ends so are not traced.
   * Default: `.jpg,.jpeg,.js,.css,.png,.bmp,.gif,.ico,.mp3,.mp4,.html,.svg`. Environment `SW_AGENT_IGNORE_SUFFIX`.
   */
  readonly ignoreSuffix?: string | readonly string[] | undefined;
  /** Requests whose path matches one of these globs are not traced: health checks. Default: none. Environment `SW_AGENT_IGNORE_PATH`. */
  readonly ignorePath?: string | readonly string[] | undefined;
  /**
   * Requests whose `METHOD:path` matches one of these Ant globs are not traced, as skywalking-backend-js reads them: `*`
   * and `?` stop at a slash, `**` is any number of folders: `GET:/health`, `**\/metrics/*`. One that begins with a slash
   * is a path of any method. Default: none. Environment `SW_TRACE_IGNORE_PATH`.
   */
  readonly traceIgnorePath?: string | readonly string[] | undefined;
  /**
   * Leaves out what probes ask for: the paths `/health`, `/healthz`, `/healthcheck`, `/health-check`, `/health_check`,
   * `/livez`, `/readyz`, `/actuator/health` and all below them; `/live`, `/liveness`, `/ready` and `/readiness` alone; and
   * whatever a `kube-probe/…` asks for, by the header `user-agent`. Default: false. Environment `SW_AGENT_IGNORE_PROBES`.
   */
  readonly ignoreProbes?: boolean | undefined;
  /**
   * HTTP methods that are not traced, of requests and of outgoing calls, which then get no trace headers: `OPTIONS,HEAD`.
   * Those of a caller whom `trustIncoming` leaves out are taken out of such a call, too.
   * Default: none. Environment `SW_HTTP_IGNORE_METHOD`.
   */
  readonly ignoreMethods?: string | readonly string[] | undefined;
  /**
   * A header that every response gets, with the id of its trace, whether that is recorded or not: `x-trace-id`. It is added
   * as Node.js makes the head, so that `getHeader()` does not find it. A header of this name that the application sets goes
   * before. At most 64 characters; none that HTTP itself needs, such as `content-length`. Whoever may read the response
   * reads it. Default: none. Environment `SW_AGENT_RESPONSE_HEADER`.
   */
  readonly responseHeader?: string | undefined;
  /** Keeps the query in the tag `url`. Default: false. Environment `SW_AGENT_COLLECT_QUERY`. */
  readonly collectQuery?: boolean | undefined;
  /**
   * Names a request whose route is not known, and an outgoing call, by its path with `{id}` for each segment that is a
   * number, a UUID, 16 or more hexadecimal digits (at least one of them 0 to 9), or 20 or more letters and digits (at
   * least three of them 0 to 9): `/orders/{id}` for `/orders/7`. `v1`, `1.1`, `2026-11-28` and `order-7` stay. The tag
   * `url` keeps the path; a route (`/orders/:id`) is never changed. False: the path as it is. Default: true. Environment
   * `SW_AGENT_GROUP_ENDPOINTS`.
   */
  readonly groupEndpoints?: boolean | undefined;
  /**
   * Whose trace headers (`sw6`, `sw8`, `sw8-correlation`, `sw8-x`) count: those of `all` callers, of `none`, or of those
   * whose connection comes from one of these addresses and blocks: `10.0.0.0/8,fd00::/8`, where an IPv4 address matches
   * also in its IPv6 form and a Unix socket matches nothing. The headers of all others are as if absent: a trace
   * begins here, and `sampleRate` decides; where the application hands them on, they are taken out. Behind a proxy every
   * connection comes from the proxy; `X-Forwarded-For` is not believed. Default: `all`. Environment `SW_AGENT_TRUST_INCOMING`.
   */
  readonly trustIncoming?: string | readonly string[] | undefined;
  /**
   * Globs of the hosts (at most 64) whose requests get trace headers, all of ours and what callers sent along:
   * `*.internal,10.*`; with a port, `stock.internal:8080`, of that port alone. One of digits, dots and wildcards that
   * begins with a digit or a set matches addresses alone: `10.*` no `10.example.com`. Requests to others are traced and
   * go out without: no host there learns the names of services or what callers put into `sw8-correlation` and `sw8-x`.
   * Headers that the application sets itself are its own. An empty array: no host. Default: all. Environment
   * `SW_AGENT_PROPAGATE_TO`.
   */
  readonly propagateTo?: string | readonly string[] | undefined;
  /**
   * Globs of the hosts (at most 64), or of host and port as in `propagateTo`, whose requests get no trace header, not even
   * an empty one, also where `propagateTo` names them: third parties that refuse headers which they do not know. Here
   * `10.*` matches `10.example.com`, too. Requests to them are traced: `*.amazonaws.com,api.example.com:8080`. Default:
   * none. Environment `SW_AGENT_DO_NOT_PROPAGATE_TO`.
   */
  readonly doNotPropagateTo?: string | readonly string[] | undefined;
  /**
   * Which HTTP statuses make the span of a request an error: `404`, `400-599`, `none`, or several; for paths that match a
   * glob `/users/*=500-599`, where the first glob that matches decides alone, with all of its ranges. An array has numbers
   * and strings. At most 64. Default: 400 and above. Environment `SW_AGENT_SERVER_ERROR_STATUSES`.
   */
  readonly serverErrorStatuses?: string | readonly (number | string)[] | undefined;
  /** Likewise for the spans of outgoing calls. Default: 400 and above. Environment `SW_AGENT_CLIENT_ERROR_STATUSES`. */
  readonly clientErrorStatuses?: string | readonly (number | string)[] | undefined;
  /**
   * Exceptions that make no error of the span that they are thrown in: by the name of their class or of one that it
   * extends, by their `name`, or by their `code`: `NotFoundError,ECONNRESET`. They are logged on the span all the same, and
   * the status of the response counts by itself. At most 64. Default: none. Environment `SW_STATUSCHECK_IGNORED_EXCEPTIONS`.
   */
  readonly ignoredExceptions?: string | readonly string[] | undefined;
  /**
   * What the trace headers of a call say whose trace is not recorded, since it was not sampled or its request is ignored:
   * `id`: that it is not, with the id of the trace, which the next service then has in its logs. `empty`: nothing, an empty
   * `sw6` or `sw8` as Java agents send it; skyanchor and skywalking-backend-js do not trace what comes with it. `none`:
   * there is no header, and the next service decides for itself. A Java agent records whatever comes with a full header
   * and decides for itself about an empty one: where services have one, take `empty` or `none`. Default: `id`.
   * Environment `SW_AGENT_PROPAGATE_UNSAMPLED`.
   */
  readonly propagateUnsampled?: PropagateUnsampled | undefined;
  /**
   * Instrumentations that stay off, by name: `http` (servers and clients of `http` and `https`), `undici` (and `fetch`);
   * names of routes in `express` (and what is built on it, and restify), `fastify`, `koa`, `hapi`, `polka`; calls of `pg`, `mysql2`,
   * `ioredis`, `redis` (node-redis), `mongoose`; `net`
   * (connections that outlive the request which opened them leave its trace), `timers` (likewise intervals). An unknown
   * name is a fault; in the environment, where names for another agent may stand, it is ignored with a warning.
   * Default: none. Environment `SW_AGENT_DISABLE_PLUGINS`.
   */
  readonly disable?: string | readonly InstrumentationName[] | undefined;
  /**
   * Whether the spans of OpenTelemetry become spans of ours, and which of its instrumentations are loaded when the
   * library that they are for is first required. `auto`: each `@opentelemetry/instrumentation-*` that the application's
   * package.json names, unless that names an SDK of OpenTelemetry's or another agent, too: then it has the spans.
   * `true`: likewise, whatever else is named. Names, `mongodb,kafkajs` or whole names of packages: these. `false`: nothing.
   * Default: `auto`. Environment `SW_AGENT_OPENTELEMETRY`.
   */
  readonly openTelemetry?: boolean | string | readonly string[] | undefined;
  /**
   * Keeps the values that a SQL statement is called with, in the tag `db.sql.parameters`. The statement itself never has
   * those that the library writes into it (mysql2's `query`): literals are masked there. Default: false.
   * Environment `SW_SQL_TRACE_PARAMETERS`.
   */
  readonly sqlParameters?: boolean | undefined;
  /** Characters of the tag `db.sql.parameters`, 1 to 1,000,000; a tag has 2048 at most. Default: 512. Environment `SW_SQL_PARAMETERS_MAX_LENGTH`. */
  readonly sqlParametersMaxLength?: number | undefined;
  /**
   * Whether the lines that pino, winston and bunyan write within a trace have its ids: `true`: as the fields `traceId`,
   * `segmentId`, `spanId`. `text`: as `[SW_CTX:[service,instance,traceId,segmentId,spanId]]` at the end of the message.
   * `auto`: as fields, once the application calls `agent.correlateLogs()`, or where it has named `openTelemetry` or has an
   * instrumentation of OpenTelemetry's installed. `false`: never. Default: `auto`. Environment `SW_LOG_CORRELATION`.
   */
  readonly logCorrelation?: 'auto' | 'text' | boolean | undefined;
  /**
   * Sends a v3 backend the lines that pino, winston and bunyan write, from this level on (`trace debug info warn error
   * fatal`; `true`: `info`), with the ids of their trace; at most `maxBuffer` lines wait (default 5,000), older ones are
   * dropped and counted in `status().applicationLogs`. {@link logs} is about the agent's own lines. Default: false.
   * Environment `SW_AGENT_APPLICATION_LOGS`.
   */
  readonly applicationLogs?: ApplicationLogsOptions | ApplicationLogLevel | boolean | undefined;
  /** Keeps the filter of a MongoDB command, in the tag `db.sql.parameters`. Default: false. Environment `SW_MONGO_TRACE_PARAMETERS`. */
  readonly mongoParameters?: boolean | undefined;
  /** Characters of a MongoDB command's filter, 1 to 1,000,000; a tag has 2048 at most. Default: 512. Environment `SW_MONGO_PARAMETERS_MAX_LENGTH`. */
  readonly mongoParametersMaxLength?: number | undefined;
  /**
   * Tell a v3 backend, every {@link meterPeriodMs}, how this process is: CPU, memory, event loop, garbage collection. Default: true.
   * Environment `SW_AGENT_NODEJS_RUNTIME_METRICS_REPORTER_ACTIVE`.
   */
  readonly meters?: boolean | undefined;
  /** Milliseconds between two reports of meters, 1000 to 3,600,000. Default: 20000. Environment `SW_AGENT_NODEJS_RUNTIME_METRICS_REPORT_PERIOD`. */
  readonly meterPeriodMs?: number | undefined;
  /**
   * Send a v3 backend the warnings and errors of the agent's own log, as far as `logLevel` lets them through: they stand
   * beside the logs of the service. Default: true. Environment `SW_AGENT_LOG_REPORTER_ACTIVE`.
   */
  readonly logs?: boolean | undefined;
  /**
   * Tell a v3 backend, of 8.5 and later, that this process has started, and how it ended: they stand among the events of the
   * instance. The end is told where the agent sees it without a listener or a moment of its own: a crash, `agent.stop()`, and
   * any end but SIGKILL of a process that has traced something. Default: true. Environment `SW_AGENT_EVENT_REPORTER_ACTIVE`.
   */
  readonly events?: boolean | undefined;
  /**
   * What is to become of segments when a stream breaks and the backend may have them. `at-most-once`: they are counted as
   * dropped, `fate-unknown`. `at-least-once`: they are sent again; a backend that gets one twice shows it once and counts
   * it twice in its metrics. Default: they are sent again when the connection was lost before an answer, and dropped
   * otherwise. After a status by which the backend says "not now" they are always sent again. See docs/delivery.md.
   * Environment `SW_AGENT_DELIVERY`.
   */
  readonly delivery?: 'at-most-once' | 'at-least-once' | undefined;
  /**
   * A directory, or what {@link SpoolOptions} can say: where segments go that memory has no room for, that no backend takes
   * for five seconds, and that are left when the process ends. Default: none, nothing is written.
   * Environment `SW_AGENT_SPOOL_DIRECTORY`, `SW_AGENT_SPOOL_MAX_BYTES`.
   */
  readonly spool?: string | SpoolOptions | undefined;
  /** How many segments may wait for the backend, 1 to 1,000,000; what is over is dropped and counted. Default: 10000. Environment `SW_AGENT_MAX_BUFFER_SIZE`. */
  readonly maxBuffer?: number | undefined;
  /** What the agent's own log says. Default: `warn`. Environment `SW_AGENT_LOGGING_LEVEL`, flag `--skyanchor-log-level`. */
  readonly logLevel?: LogLevel | undefined;
  /** Where the agent's own log goes. Default: stderr. Only by `start()`. */
  readonly logger?: Logger | undefined;
  /**
   * False: nothing is patched, read, written or sent. Default: true. In npm, npx, yarn, pnpm and corepack
   * themselves it is always false: they inherit a `NODE_OPTIONS` that is meant for the program they start.
   * Environment `SW_DISABLE=true`, flag `--skyanchor-disable`.
   */
  readonly enabled?: boolean | undefined;
}

/** Which layer of the configuration the instance's name came from. */
export type InstanceNameSource = 'flag' | 'environment' | 'start' | 'file' | 'generated';

/** What the agent instruments, each by the name that {@link Options.disable} takes. */
export const INSTRUMENTATIONS = [
  'http',
  'undici',
  'express',
  'fastify',
  'koa',
  'hapi',
  'polka',
  'hono',
  'pg',
  'mysql2',
  'ioredis',
  'redis',
  'mongoose',
  'graphql',
  'net',
  'timers',
] as const;

export type InstrumentationName = (typeof INSTRUMENTATIONS)[number];

export const PROPAGATE_UNSAMPLED = ['id', 'empty', 'none'] as const;

/**
 * What the trace headers of a call say whose trace is not recorded: `id` that it is not, with the id of the trace; `empty`
 * nothing, which some agents take for the same; `none`: there are none.
 */
export type PropagateUnsampled = (typeof PROPAGATE_UNSAMPLED)[number];

export const LOG_LEVELS = ['off', 'error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where log lines go. An application may give its own, such as pino or winston. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}
