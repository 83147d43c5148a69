/** Real Apache SkyWalking OAP servers for tests; see README.md. */

export type OapVersion = '6.5.0' | '8.3.0' | '9.2.0' | '10.1.0';

export interface StartOptions {
  readonly version: OapVersion;
  /** 0 or absent picks a free one. Kept over wipe() and restart(). */
  readonly grpcPort?: number;
  readonly httpPort?: number;
  /** Folder for log, trace buffer and file storage. Absent: a temporary one, removed by stop(). */
  readonly data?: string;
  /** `mem` (default) forgets at every start, `file` remembers. */
  readonly storage?: 'mem' | 'file';
  /** Not 6.5.0: agents without this token get PERMISSION_DENIED. */
  readonly token?: string;
  /** 10.1.0 only: as `tls`, and agents have to show a certificate of `Oap.clientCertificate()`. */
  readonly mutualTls?: boolean;
  /** Not 6.5.0: gRPC over TLS with a certificate of its own; its authority is `Oap.ca`. Needs openssl. */
  readonly tls?: boolean;
  /** Not 6.5.0: shows the meters of its `meter-analyzer-config`. 10.1.0 starts a second later. */
  readonly meters?: boolean;
  /** 10.1.0 only: `Oap.configure` sets what the agents of a service are to go by. */
  readonly configurable?: boolean;
  /** JVM heap, such as `512m` (default). */
  readonly heap?: string;
  /** `WARN` (default), `INFO` or `DEBUG`: how much goes into `Oap.logFile`. */
  readonly logLevel?: 'WARN' | 'INFO' | 'DEBUG';
  readonly jvmFlags?: readonly string[];
  /** A folder whose files and folders go before those of the server's configuration. */
  readonly overlay?: string;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface Service {
  readonly id: string;
  readonly name: string;
}

export interface Instance {
  readonly id: string;
  readonly name: string;
  /** `NODEJS` when the agent reported exactly `nodejs`. */
  readonly language: string;
  /** 6.5.0: the UUID the agent registered. Later: the same as `id`. */
  readonly instanceUUID: string;
  /** As the server lists them; 6.5.0 repeats `ipv4s`, later ones join them by commas. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}

export interface Endpoint {
  readonly id: string;
  readonly name: string;
}

export interface TraceSummary {
  readonly segmentId: string;
  readonly endpointNames: readonly string[];
  readonly duration: number;
  /** Milliseconds since 1970, as a string. */
  readonly start: string;
  readonly isError: boolean;
  readonly traceIds: readonly string[];
}

export interface SpanReference {
  readonly traceId: string;
  readonly parentSegmentId: string;
  readonly parentSpanId: number;
  readonly type: 'CROSS_PROCESS' | 'CROSS_THREAD';
}

export interface Span {
  readonly traceId: string;
  readonly segmentId: string;
  readonly spanId: number;
  readonly parentSpanId: number;
  readonly refs: readonly SpanReference[];
  /** The name of the service. */
  readonly serviceCode: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly endpointName: string;
  readonly type: 'Entry' | 'Exit' | 'Local';
  readonly peer: string;
  readonly component: string;
  readonly isError: boolean;
  readonly layer: string;
  readonly tags: readonly KeyValue[];
  readonly logs: readonly { readonly time: number; readonly data: readonly KeyValue[] }[];
}

export interface Topology {
  readonly nodes: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: string | null;
    readonly isReal: boolean;
  }[];
  readonly calls: readonly {
    readonly id: string;
    readonly source: string;
    readonly target: string;
    readonly detectPoints: readonly string[];
  }[];
}

/** A running server. All questions look at the last hour and a half. */
export interface Oap {
  readonly version: OapVersion;
  readonly protocol: 'v2' | 'v3';
  /** `127.0.0.1:port`, what an agent takes as its backend. */
  readonly grpc: string;
  /** `http://127.0.0.1:port`; GraphQL is at `/graphql`. */
  readonly http: string;
  /** Process id of the JVM; another one after wipe() and restart(). */
  readonly pid: number;
  /** Settles with an exit code or a signal when the JVM of now is gone. */
  readonly exited: Promise<number | string>;
  readonly dataDir: string;
  readonly logFile: string;
  /** Path of the PEM file to trust, when started with `tls` or `mutualTls`. */
  readonly ca: string | undefined;
  /** `mutualTls` only: the PEM files of a new certificate of the authority that agents have to have one of. */
  clientCertificate(name: string): { readonly cert: string; readonly key: string };

  query(graphql: string, variables?: object): Promise<unknown>;
  services(): Promise<Service[]>;
  /** Empty while the service is unknown; so are the two below. */
  instances(serviceName: string): Promise<Instance[]>;
  endpoints(serviceName: string): Promise<Endpoint[]>;
  /** The last hundred; `service` is a name, `instance` an id of `instances()`. */
  traces(filter?: { readonly service?: string; readonly instance?: string }): Promise<TraceSummary[]>;
  trace(traceId: string): Promise<Span[]>;
  topology(): Promise<Topology>;
  /** The last value other than 0 of a meter by the name it was sent under; with `meters` only. */
  meter(name: string, of: { readonly service: string; readonly instance: string }): Promise<number | undefined>;

  /**
   * What an operator sets for all agents of a service, such as `{ 'agent.sample_rate': '0' }`, in place of what was set
   * before; undefined: nothing any more. With `configurable` only; in force within a second or so, and kept over wipe()
   * and restart(), as it is not the server's own.
   */
  configure(service: string, values: Readonly<Record<string, string>> | undefined): void;

  /**
   * Kills it, throws its storage and trace buffer away, starts it again on the same ports.
   * `whileDown` runs in between: what an operator does before the backend is back.
   */
  wipe(whileDown?: () => Promise<unknown>): Promise<void>;
  /** Ends it in order and starts it again on the same ports; with `storage: 'file'` it knows the same ids. */
  restart(whileDown?: () => Promise<unknown>): Promise<void>;
  /** Twice is once. Like the two above it waits for what was asked for before. */
  stop(): Promise<void>;
}

/** This machine cannot run the server: no Java, no Maven, not installed. A test reads the code and skips. */
export class OapUnavailable extends Error {
  readonly code: 'OAP_UNAVAILABLE';
}

/** Whether startOap() can run without fetching anything. */
export function isInstalled(version: OapVersion): boolean;

/** Fetches what is missing from Maven Central; `say` hears of progress. */
export function install(version: OapVersion, say?: (line: string) => void): Promise<void>;

/** Resolves when the server answers and loses nothing any more. Rejects with OapUnavailable before install(). */
export function startOap(options: StartOptions): Promise<Oap>;

/** What came of one call: gRPC's name of the status, its message, and the answer's fields. */
export interface Answer {
  readonly status: string;
  readonly message: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A v2 agent reduced to its calls, which shares no line with the agent under test. */
export interface V2Agent {
  /** Any method of the table in wire/v2.json. */
  call(method: string, value: object): Promise<Answer>;
  registerService(name: string): Promise<Answer>;
  registerInstance(serviceId: number, instanceUUID: string): Promise<Answer>;
  /** These four ask until there is an id. */
  serviceId(name: string): Promise<number>;
  instanceId(serviceId: number, instanceUUID: string): Promise<number>;
  endpointId(serviceId: number, name: string): Promise<number>;
  addressId(name: string): Promise<number>;
  ping(instanceId: number, instanceUUID: string): Promise<Answer>;
  close(): void;
}

/** Connects to any backend that speaks v2, at `host:port`. */
export function connectV2Agent(address: string): V2Agent;

/** What the nodes of a cluster and a server alone have in common: their questions. */
type Questions = Pick<
  Oap,
  | 'query'
  | 'services'
  | 'instances'
  | 'endpoints'
  | 'traces'
  | 'trace'
  | 'topology'
  | 'grpc'
  | 'http'
  | 'pid'
  | 'logFile'
>;

export interface ClusterNode extends Questions {
  /** All that it ever wrote. */
  log(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** Resolves when it has found `sees` nodes, itself among them; default: all. */
  start(options?: { readonly sees?: number }): Promise<void>;
}

export interface ClusterOptions {
  readonly version: Exclude<OapVersion, '8.3.0'>;
  /** Default: 2. */
  readonly nodes?: number;
  /** `h2` (default) needs nothing; `mariadb` needs the programs of a MariaDB server. */
  readonly storage?: 'h2' | 'mariadb';
  /** For how long ZooKeeper believes in a node that has died; default: 4 s, where its own is 40 s. */
  readonly sessionMs?: number;
  /** Old data is deleted, after each such number of minutes. Default: never. */
  readonly keeperMinutes?: number;
}

export interface SegmentRow {
  readonly traceId: string;
  readonly segmentId: string;
  readonly service: string;
}

/** Nodes that share a ZooKeeper and a database. */
export interface Cluster {
  readonly version: OapVersion;
  readonly protocol: 'v2' | 'v3';
  /** In the order in which OAP sorts them: all registrations of v2 go to the first. */
  readonly nodes: readonly ClusterNode[];
  readonly addresses: readonly string[];
  /** Present with `mariadb`. */
  readonly database?: { hang(): void; goOn(): void };
  /** Every node, and resolves when they have found each other. */
  start(): Promise<void>;
  /** Every node, by SIGKILL; the database stays. */
  kill(): Promise<void>;
  /** Takes everything out of the database; 6.5.0 loses what it has buffered, too. */
  empty(): Promise<void>;
  /** A statement, answered by the database: rows of texts, or how many rows have changed. */
  sql(statement: string): Promise<string[][]>;
  tables(pattern: RegExp): Promise<string[]>;
  /** Every segment in the storage. */
  segments(): Promise<SegmentRow[]>;
  /** How many batches had a segment that the storage has already, by the logs of all nodes; with `h2` only. */
  doubles(): number;
  stop(): Promise<void>;
}

/** Resolves when all nodes answer and have found each other. Rejects with OapUnavailable before install(). */
export function startCluster(options: ClusterOptions): Promise<Cluster>;

/** Whether `storage: 'mariadb'` can be had here. */
export function isMariaDbInstalled(): boolean;

/** A moment as servers want it in questions: servers run in the time zone in which it is noon. */
export function minuteOf(ms: number): string;
