/** Numbers and words that the SkyWalking protocols (v2 and v3 alike) give a meaning. Source: the server's tables. */

export const SpanType = { entry: 0, exit: 1, local: 2 } as const;
export type SpanType = (typeof SpanType)[keyof typeof SpanType];

export const Layer = { unknown: 0, database: 1, rpcFramework: 2, http: 3, mq: 4, cache: 5 } as const;
export type Layer = (typeof Layer)[keyof typeof Layer];

/** Component ids of the server's `component-libraries.yml`; a component given by name that it lacks loses the segment. */
export const Component = {
  unknown: 0,
  httpClient: 2,
  graphql: 92,
  httpServer: 4001,
  mongoose: 4006,
} as const;

/** A database or a cache, as the server names it. */
export interface DataSystem {
  readonly component: number;
  readonly layer: Layer;
  /** The value of the tag `db.type` or `cache.type`, and the beginning of operation names: `PostgreSQL/SELECT`. */
  readonly type: string;
}

const database = (component: number, type: string): DataSystem => ({ component, layer: Layer.database, type });
const cache = (component: number, type: string): DataSystem => ({ component, layer: Layer.cache, type });

/** By the names of OpenTelemetry's conventions, `db.system` of the old ones and `db.system.name` of the stable ones. */
export const DATA_SYSTEMS = {
  postgresql: database(22, 'PostgreSQL'),
  mysql: database(5, 'Mysql'),
  mariadb: database(86, 'Mariadb'),
  mssql: database(3006, 'SqlServer'),
  'microsoft.sql_server': database(3006, 'SqlServer'),
  oracle: database(6, 'Oracle'),
  'oracle.db': database(6, 'Oracle'),
  sqlite: database(31, 'Sqlite'),
  cassandra: database(70, 'Cassandra'),
  elasticsearch: database(47, 'Elasticsearch'),
  clickhouse: database(120, 'ClickHouse'),
  neo4j: database(112, 'Neo4j'),
  dynamodb: database(138, 'DynamoDB'),
  'aws.dynamodb': database(138, 'DynamoDB'),
  mongodb: database(9, 'MongoDB'),
  redis: cache(7, 'Redis'),
  valkey: cache(7, 'Redis'),
  memcached: cache(20, 'Memcached'),
} as const satisfies Readonly<Record<string, DataSystem>>;

/** What servers that speak v2 do not know, by what they know instead; without it they show `N/A`. */
const OLDER: Readonly<Record<number, number>> = { 86: 5, [Component.mongoose]: 9 };

const FIRST_OF_THEM = 86;

export function componentOnV2(id: number): number {
  // Asked for every span, nearly all of which are of HTTP.
  return id < FIRST_OF_THEM ? id : (OLDER[id] ?? id);
}

/**
 * The endpoint that every v2 backend has built in, for callers from outside. It stands for the lack of a parent
 * endpoint. `-1` would say so, but OAP 6.5 drops the callee's segment then (tried on a 6.5.0: with this one it is
 * shown, and the topology is right).
 */
export const USER_ENDPOINT = 1;

export const RefType = { crossProcess: 0, crossThread: 1 } as const;
export type RefType = (typeof RefType)[keyof typeof RefType];

/** The components of a Node.js agent, as OAP's `component-libraries.yml` names them. */
const COMPONENTS: Readonly<Record<string, number>> = {
  HttpClient: Component.httpClient,
  Mysql: 5,
  Oracle: 6,
  Redis: 7,
  MongoDB: 9,
  Memcached: 20,
  PostgreSQL: 22,
  GRPC: 23,
  Kafka: 27,
  SQLite: 31,
  'kafka-producer': 40,
  'kafka-consumer': 41,
  'activemq-producer': 45,
  'activemq-consumer': 46,
  Elasticsearch: 47,
  http: 49,
  RabbitMQ: 51,
  'rabbitmq-producer': 52,
  'rabbitmq-consumer': 53,
  Cassandra: 70,
  'pulsar-producer': 73,
  'pulsar-consumer': 74,
  Mariadb: 86,
  Neo4j: 112,
  ClickHouse: 120,
  DynamoDB: 138,
  SqlServer: 3006,
  HttpServer: Component.httpServer,
  express: 4002,
  Egg: 4003,
  Koa: 4004,
  Axios: 4005,
  Mongoose: Component.mongoose,
};

const NAMES = new Map(Object.entries(COMPONENTS).map(([name, id]) => [id, name]));

/** 0: the table lacks the name. */
export function componentId(name: string): number {
  return Object.hasOwn(COMPONENTS, name) ? (COMPONENTS[name] ?? 0) : 0;
}

export function componentName(id: number): string {
  return id === 0 ? '' : (NAMES.get(id) ?? 'N/A');
}
