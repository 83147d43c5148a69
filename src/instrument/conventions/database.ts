import { memoized, MemoizedLast } from '../../base/memoized';
import { truncate } from '../../base/text';
import { DATA_SYSTEMS, type DataSystem, Layer } from '../../model/components';
import { LIMITS } from '../../model/limits';
import { maskedStatement, operationOf } from '../database/statement';
import {
  type Description,
  type DescriptionOptions,
  isPlace,
  type KnownAttributes,
  names,
  peerIn,
  valueOf,
} from './attributes';

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

const NAME = names('db.system.name', 'db.system');
const STATEMENT = names('db.query.text', 'db.statement');
const COMMAND = names('db.operation.name', 'db.operation');
const OPERATION = names('db.operation.name', 'db.operation', 'db.operation.batch.name');
const INSTANCE = names('db.namespace', 'db.name');
const COLLECTION = names('db.collection.name', 'db.mongodb.collection', 'db.sql.table');

const isSaid = memoized((key) => key.startsWith('db.') || isPlace(key));

/** Whether it is a database or a cache: by `db.system.name`, or `db.system` as it was. */
export function describeDatabase(attributes: KnownAttributes, options: DescriptionOptions): Description | undefined {
  const name = attributes.text(NAME);
  if (name === '') return undefined;
  const { system, port, isSql } = systemOf(name);
  const { component, layer, type } = system;
  const place = peerIn(attributes, port);
  const peer = place === '' ? name : place;
  const statement = attributes.text(STATEMENT);
  if (layer === Layer.cache) {
    const command = cacheCommand(attributes, statement);
    return { component, layer, peer, name: nameOf(type, command), tags: cacheTags(system, command, statement), isSaid };
  }
  const operation = databaseOperation(attributes, isSql, statement);
  const tags = databaseTags(attributes, system, operation, statement, options);
  return { component, layer, peer, name: nameOf(type, operation), tags, isSaid };
}

const shownNames = new MemoizedLast((type: string, operation: string) => `${type}/${operation}`);
const nameOf = shownNames.get.bind(shownNames);

const systemOf = memoized((name) => {
  const system: DataSystem = valueOf(DATA_SYSTEMS, name) ?? { component: 0, layer: Layer.database, type: name };
  return { system, port: valueOf(PORTS, system.type), isSql: SQL.has(system.type) };
});

function databaseOperation(attributes: KnownAttributes, isSql: boolean, statement: string): string {
  const said = attributes.text(OPERATION);
  if (said !== '') return isSql ? upperCaseWord(said) : operationWord(said);
  return isSql || statement !== '' ? operationOf(statement) : 'OTHER';
}

function databaseTags(
  attributes: KnownAttributes,
  system: DataSystem,
  operation: string,
  statement: string,
  { sqlParameters, sqlParametersMaxLength }: DescriptionOptions,
): unknown[] {
  const { type } = system;
  const instance = attributes.text(INSTANCE);
  let shown = statement;
  if (statement === '') {
    const collection = attributes.text(COLLECTION);
    shown = collection === '' ? operation : `${operation} ${collection}`;
  } else if (sqlParameters !== true && HAS_VALUES.has(type)) {
    shown = maskedStatement(statement, LIMITS.value);
  }
  const tags =
    instance === ''
      ? ['db.type', type, 'db.statement', shown]
      : ['db.type', type, 'db.instance', instance, 'db.statement', shown];
  if (sqlParameters !== true) return tags;
  const values = attributes.list.filter((_, at, list) => at % 2 === 1 && PARAMETERS.test(String(list[at - 1])));
  const limit = sqlParametersMaxLength ?? LIMITS.value;
  const text = truncate(values, limit);
  if (text !== '') tags.push('db.sql.parameters', truncate(`[${text}]`, limit));
  return tags;
}

/** `get key`, or `GET` alone: in lower case, as other agents have it. */
function cacheCommand(attributes: KnownAttributes, statement: string): string {
  const said = attributes.text(COMMAND);
  return (said === '' ? oneWord(statement) : operationWord(said)).toLowerCase();
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

/** What a library itself says of the operation is one of a few words; a statement may be anything. */
const operationWord = memoized(oneWord);
const upperCaseWord = memoized((text) => oneWord(text.toUpperCase()));
