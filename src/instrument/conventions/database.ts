import { maskedStatement, operationOf } from '../database/statement';
import {
  isPlace,
  peerIn,
  textIn,
  valueOf,
  type Attributes,
  type Description,
  type DescriptionOptions,
} from './attributes';
import { truncate } from '../../base/text';
import { LIMITS } from '../../model/limits';
import { DATA_SYSTEMS, Layer, type DataSystem } from '../../model/components';

const PORTS: Readonly<Record<string, number>> = {
  PostgreSQL: 5432,
  Mysql: 3306,
  Mariadb: 3306,
  SqlServer: 1433,
  Oracle: 1521,
  Cassandra: 9042,
  Elasticsearch: 9200,
  MongoDB: 27_017,
  Redis: 6379,
  Memcached: 11_211,
};
/** Their statements are SQL, or near enough to it. */
const SQL: ReadonlySet<string> = new Set([
  'PostgreSQL',
  'Mysql',
  'Mariadb',
  'SqlServer',
  'Oracle',
  'Sqlite',
  'ClickHouse',
  'Cassandra',
]);
/** Their libraries put the values into the statement before anything is told of it. */
const HAS_VALUES: ReadonlySet<string> = new Set(['Mysql', 'Mariadb']);
const PARAMETERS = /^db\.(?:query\.parameter\.|postgresql\.values$|cassandra\.parameters)/;
const MAX_OPERATION_LENGTH = 32;
const MAX_KEY_LENGTH = 128;

/** Commands of caches that change something, and those that read; any other is neither. */
const WRITES: ReadonlySet<string> = new Set(
  (
    'getset set setbit setex setnx setrange strlen mset msetnx psetex incr incrby incrbyfloat decr decrby append hmset hset ' +
    'hsetnx hincrby hincrbyfloat hdel rpoplpush rpush rpushx lpush lpushx lrem ltrim lset brpoplpush linsert sadd sdiff ' +
    'sdiffstore sinterstore sismember srem sunion sunionstore sinter zadd zincrby zinterstore zrange zrangebylex ' +
    'zrangebyscore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zrevrank ' +
    'zunionstore xadd xdel del xtrim unlink expire expireat pexpire persist rename restore flushall flushdb add replace prepend cas touch delete'
  ).split(' '),
);
const READS: ReadonlySet<string> = new Set(
  (
    'getrange getbit mget hvals hkeys hlen hexists hget hgetall hmget blpop brpop lindex llen lpop lrange rpop scard srandmember ' +
    'spop sscan smove zlexcount zscore zscan zcard zcount xget get xread xlen xrange xrevrange exists ttl pttl type keys scan smembers gets stats'
  ).split(' '),
);

/** Whether it is a database or a cache: by `db.system.name`, or `db.system` as it was. */
export function describeDatabase(attributes: Attributes, options: DescriptionOptions): Description | undefined {
  const name = textIn(attributes, 'db.system.name', 'db.system');
  if (name === '') return undefined;
  const system = systemOf(name);
  const place = peerIn(attributes, valueOf(PORTS, system.type));
  const statement = textIn(attributes, 'db.query.text', 'db.statement');
  const described = {
    component: system.component,
    layer: system.layer,
    peer: place === '' ? name : place,
    isSaid: (key: string) => key.startsWith('db.') || isPlace(key),
  };
  const isCache = system.layer === Layer.cache;
  const operation = isCache ? cacheCommand(attributes, statement) : databaseOperation(attributes, system, statement);
  return {
    ...described,
    name: `${system.type}/${operation}`,
    tags: isCache
      ? cacheTags(system, operation, statement)
      : databaseTags(attributes, system, operation, statement, options),
  };
}

function systemOf(name: string): DataSystem {
  if (Object.hasOwn(DATA_SYSTEMS, name)) return DATA_SYSTEMS[name as keyof typeof DATA_SYSTEMS];
  return { component: 0, layer: Layer.database, type: name };
}

function databaseOperation(attributes: Attributes, system: DataSystem, statement: string): string {
  const isSql = SQL.has(system.type);
  const said = textIn(attributes, 'db.operation.name', 'db.operation', 'db.operation.batch.name');
  if (said !== '') return oneWord(isSql ? said.toUpperCase() : said);
  return isSql || statement !== '' ? operationOf(statement) : 'OTHER';
}

function databaseTags(
  attributes: Attributes,
  system: DataSystem,
  operation: string,
  statement: string,
  { sqlParameters, sqlParametersMaxLength }: DescriptionOptions,
): unknown[] {
  const tags: unknown[] = ['db.type', system.type];
  const instance = textIn(attributes, 'db.namespace', 'db.name');
  if (instance !== '') tags.push('db.instance', instance);
  const isMasked = sqlParameters !== true && HAS_VALUES.has(system.type);
  const collection = textIn(attributes, 'db.collection.name', 'db.mongodb.collection', 'db.sql.table');
  if (statement === '') tags.push('db.statement', collection === '' ? operation : `${operation} ${collection}`);
  else tags.push('db.statement', isMasked ? maskedStatement(statement, LIMITS.value) : statement);
  if (sqlParameters !== true) return tags;
  const parameters = Object.entries(attributes).filter(([key]) => PARAMETERS.test(key));
  const limit = sqlParametersMaxLength ?? LIMITS.value;
  const values = parameters.map(([, value]) => value);
  const text = truncate(values, limit);
  if (text !== '') tags.push('db.sql.parameters', truncate(`[${text}]`, limit));
  return tags;
}

/** `get key`, or `GET` alone: in lower case, as other agents have it. */
function cacheCommand(attributes: Attributes, statement: string): string {
  const said = textIn(attributes, 'db.operation.name', 'db.operation');
  return oneWord(said === '' ? statement : said).toLowerCase();
}

function cacheTags({ type }: DataSystem, command: string, statement: string): unknown[] {
  const tags: unknown[] = ['cache.type', type, 'cache.cmd', command];
  if (WRITES.has(command)) tags.push('cache.op', 'write');
  else if (READS.has(command)) tags.push('cache.op', 'read');
  const key = statement.slice(0, LIMITS.value).split(/\s+/, 2)[1] ?? '';
  if (key !== '' && key !== '?' && !key.startsWith('[')) tags.push('cache.key', truncate(key, MAX_KEY_LENGTH));
  return tags;
}

/** Names of operations must stay few, whatever a library puts there. */
function oneWord(text: string): string {
  const word = /^\s*([\w.-]+)/.exec(text.slice(0, LIMITS.value))?.[1] ?? 'OTHER';
  return truncate(word, MAX_OPERATION_LENGTH);
}
