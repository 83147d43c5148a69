import { DataSpans } from './data-spans';
import { memoized } from '../../base/memoized';
import { truncate } from '../../base/text';
import { DATA_SYSTEMS } from '../../model/components';
import type { InstrumentOptions } from '../options';
import type { Span } from '../../model/segment';
import type { Scope } from '../../tracing/context';
import type { Tracer } from '../../tracing/tracer';

const READ =
  'bitcount bitfield_ro bitpos dump exists expiretime geodist geohash geopos georadius_ro georadiusbymember_ro geosearch ' +
  'get getbit getrange hexists hget hgetall hkeys hlen hmget hrandfield hscan hstrlen hvals keys lindex llen lpos lrange ' +
  'mget object pexpiretime pfcount pttl randomkey scan scard sdiff sinter sintercard sismember smembers smismember ' +
  'sort_ro srandmember sscan strlen substr sunion touch ttl type xinfo xlen xpending xrange xread xrevrange zcard zcount ' +
  'zdiff zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange ' +
  'zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion';
const WRITE =
  'append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby del expire ' +
  'expireat flushall flushdb geoadd georadius georadiusbymember geosearchstore getdel getex getset hdel hexpire hincrby ' +
  'hincrbyfloat hmset hset hsetnx incr incrby incrbyfloat linsert lmove lmpop lpop lpush lpushx lrem lset ltrim move mset ' +
  'msetnx persist pexpire pexpireat pfadd pfmerge psetex rename renamenx restore rpop rpoplpush rpush rpushx sadd ' +
  'sdiffstore set setbit setex setnx setrange sinterstore smove sort spop srem sunionstore unlink xack xadd xautoclaim ' +
  'xclaim xdel xgroup xreadgroup xtrim zadd zdiffstore zincrby zinterstore zmpop zpopmax zpopmin zrangestore zrem ' +
  'zremrangebylex zremrangebyrank zremrangebyscore zunionstore';
/** What clients say when they connect, which is no work of the application's. */
const GREETINGS: ReadonlySet<string> = new Set(['auth', 'client', 'hello', 'info', 'readonly', 'select']);

const OPERATIONS: ReadonlyMap<string, 'read' | 'write'> = new Map([
  ...READ.split(' ').map((name) => [name, 'read'] as const),
  ...WRITE.split(' ').map((name) => [name, 'write'] as const),
]);
const NAME = /^[a-z][a-z_.|]{0,31}$/;
/** Modules have commands of their own, and an application may send anything. */
const MAX_OTHER_NAMES = 256;
const MAX_KEY_LENGTH = 128;
const OTHER = 'other';
/** What libraries publish in the place of an argument. */
const HIDDEN = '?';

/** What the spans of one command have in common. */
interface KnownCommand {
  /** In lower case. */
  readonly shown: string;
  readonly operation: 'read' | 'write' | undefined;
  /** Clients send it by themselves. */
  readonly isGreeting: boolean;
}

/** The exit spans of commands of Redis, whatever client sends them. */
export class RedisSpans extends DataSpans {
  private readonly otherNames = new Set<string>();
  /** By the command as a client spells it. */
  private readonly known = memoized((command) => this.describe(command));

  constructor(tracer: Tracer, options: InstrumentOptions) {
    super(DATA_SYSTEMS.redis, tracer, options);
  }

  /** @param first its first argument, if there is one @param parent absent: the scope of now */
  openCommand(command: unknown, first: unknown, peer: string, parent?: Scope): Span | undefined {
    const { shown, operation, isGreeting } = this.known(typeof command === 'string' ? command : String(command));
    if (isGreeting) return undefined;
    const span = this.open(shown, peer, parent);
    if (!span) return undefined;
    span.tags = tagsOf(shown, operation, first);
    return span;
  }

  private describe(command: string): KnownCommand {
    const name = command.toLowerCase();
    if (GREETINGS.has(name)) return { shown: name, operation: undefined, isGreeting: true };
    const operation = OPERATIONS.get(name);
    return { shown: operation === undefined ? this.otherName(name) : name, operation, isGreeting: false };
  }

  private otherName(name: string): string {
    if (this.otherNames.has(name)) return name;
    if (this.otherNames.size >= MAX_OTHER_NAMES || !NAME.test(name)) return OTHER;
    this.otherNames.add(name);
    return name;
  }
}

/** Lists that are made whole: one that grows has room for sixteen more. */
function tagsOf(command: string, operation: string | undefined, first: unknown): string[] {
  const { type } = DATA_SYSTEMS.redis;
  if (operation === undefined) return ['cache.type', type, 'cache.cmd', command];
  const key = textOf(first);
  if (key === undefined) return ['cache.type', type, 'cache.cmd', command, 'cache.op', operation];
  return ['cache.type', type, 'cache.cmd', command, 'cache.op', operation, 'cache.key', key];
}

function textOf(key: unknown): string | undefined {
  if (typeof key === 'string') return key === HIDDEN ? undefined : truncate(key, MAX_KEY_LENGTH);
  return Buffer.isBuffer(key) ? truncate(key.toString('utf8', 0, MAX_KEY_LENGTH), MAX_KEY_LENGTH) : undefined;
}
