import { types } from 'node:util';
import { DataSpans, peerOf } from './data-spans';
import { tracedNatively } from '../traced-natively';
import { runInScope, type WholeScope } from '../run-in-scope';
import { patch, together, type Patched, type Undo } from '../patch';
import { define } from '../../base/define';
import { observePromise } from '../../tracing/observe-promise';
import { context, scopeOf, untraced } from '../../tracing/context';
import { DATA_SYSTEMS } from '../../model/components';
import type { InstrumentOptions } from '../options';
import type { Span } from '../../model/segment';
import type { SpanOptions, Tracer } from '../../tracing/tracer';

/** What pg's client and pool have of it, versions 8.0.3 to 8.23. */
interface Client {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
  /** Since 8.16; the older name then is a getter that warns. */
  readonly _queryQueue?: readonly Submittable[];
  readonly queryQueue?: readonly Submittable[];
}

/** What a client can run: a query of pg's own, a cursor, a stream, or what an application has made for itself. */
type Submittable = object & {
  readonly text?: unknown;
  readonly values?: unknown;
  readonly cursor?: Submittable;
  [CALL]?: Call;
};

interface Pool {
  readonly _idle?: readonly unknown[];
}

/** A query that was queued: its span, if it is traced, and the scope it was made in. */
interface Call {
  readonly span: Span | undefined;
  readonly scope: WholeScope;
}

type Method = (this: object, first?: unknown, second?: unknown, third?: unknown) => unknown;
type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** On a query that pg has made, which the application does not see. */
const CALL = Symbol('skyanchor.call');

/** By which a client tells a query of what has arrived, and the query calls back. */
const HANDLERS = ['handlePortalSuspended', 'handleCommandComplete', 'handleReadyForQuery', 'handleError'];

/** By what pg's two packages export. Each throws where that is not as we know it. */
export function pgPatches(tracer: Tracer, options: InstrumentOptions) {
  const queries = new PgQueries(tracer, new DataSpans(DATA_SYSTEMS.postgresql, tracer, options));
  return {
    client: (exports: unknown): Undo => patchClient(exports, queries),
    pool: (exports: unknown): Undo => patchPool(exports, queries),
  };
}

function patchPool(exports: unknown, queries: PgQueries): Undo {
  const pool = prototypeOf(exports);
  return together([
    patch<Method>(pool, 'connect', (layer) => connect(layer, queries)),
    patch<Method>(pool, 'end', inOwnScope),
  ]);
}

function patchClient(exports: unknown, queries: PgQueries): Undo {
  const client = prototypeOf(exports);
  const query = prototypeOf((exports as { readonly Query?: unknown }).Query);
  return together([
    patch<Method>(query, 'handleReadyForQuery', (layer) => handled(layer, queries, false)),
    patch<Method>(query, 'handleError', (layer) => handled(layer, queries, true)),
    patch<Method>(client, '_pulseQueryQueue', (layer) => pulseQueryQueue(layer, queries)),
    patch<Method>(client, 'query', (layer) => clientQuery(layer, queries)),
    patch<Method>(client, 'connect', inOwnScope),
    patch<Method>(client, 'end', inOwnScope),
    tracedNatively('pg'),
  ]);
}

/** Throws where it is no class. */
function prototypeOf(exports: unknown): object {
  const { prototype } = exports as { readonly prototype?: object };
  if (typeof prototype !== 'object') throw new TypeError('no class');
  return prototype;
}

function clientQuery(layer: Patched<Method>, queries: PgQueries): Method {
  return function query(config, values, callback) {
    if (!layer.isOn) return layer.below.call(this, config, values, callback);
    const { client, given } = queries;
    queries.client = this;
    queries.given = config;
    try {
      return layer.below.call(this, config, values, callback);
    } finally {
      queries.client = client;
      queries.given = given;
    }
  };
}

/** A client calls this for each query as soon as it has queued it, before it sends anything. */
function pulseQueryQueue(layer: Patched<Method>, queries: PgQueries): Method {
  return function _pulseQueryQueue(first, second) {
    if (queries.client === this) {
      queries.client = undefined;
      queries.queued(this);
    }
    return layer.below.call(this, first, second);
  };
}

/** The end of a query that pg has made. */
function handled(layer: Patched<Method>, queries: PgQueries, hasFailed: boolean): Method {
  return function (first, second) {
    const call = (this as Submittable)[CALL];
    if (call === undefined) return layer.below.call(this, first, second);
    queries.ended(call, hasFailed, first);
    return runInScope(call.scope, layer.below, this, first, second);
  };
}

/**
 * A pool calls back in the scope of the query that frees a connection, where it has a callback: `pool.query` gives it one,
 * too.
 */
function connect(layer: Patched<Method>, queries: PgQueries): Method {
  return function connect(callback) {
    if (!layer.isOn) return layer.below.call(this, callback);
    const span = queries.waiting(this);
    if (typeof callback === 'function')
      return layer.below.call(this, bound(callback as Callback, context.whole(), queries.connected(span)));
    return queries.observed(layer.below.call(this, callback), span);
  };
}

/** What a client or a pool calls back when it is connected or has ended, it would call in no scope. */
function inOwnScope(layer: Patched<Method>): Method {
  return function (callback) {
    const isBound = layer.isOn && typeof callback === 'function';
    return layer.below.call(this, isBound ? bound(callback as Callback, context.whole()) : callback);
  };
}

function bound(callback: Callback, scope: WholeScope, called?: (first: unknown) => void): Callback {
  return function (...args) {
    called?.(args[0]);
    return runInScope(scope, apply, this, callback, args);
  };
}

function apply(this: unknown, callback: Callback, args: unknown[]): unknown {
  return callback.apply(this, args);
}

class PgQueries {
  /** The client whose `query` runs, until it has queued the query, and what it was called with. */
  client: object | undefined = undefined;
  given: unknown = undefined;
  /** What the application itself has made and given to a client. Nothing of ours is to be seen on it. */
  private readonly calls = new WeakMap<object, Call>();

  constructor(
    private readonly tracer: Tracer,
    private readonly spans: DataSpans,
  ) {}

  queued(client: Client): void {
    try {
      const query = (client._queryQueue ?? client.queryQueue)?.at(-1);
      if (query === undefined) return;
      if (query === this.given) this.watch(query, this.open(client, query.cursor ?? query, PROMISED));
      else query[CALL] = this.open(client, query, undefined);
    } catch (error) {
      this.spans.complain(error);
    }
  }

  ended({ span }: Call, hasFailed: boolean, error: unknown): void {
    if (hasFailed) this.spans.fail(span, error);
    else this.spans.end(span);
  }

  /** A local span for a connection that is not there yet: it is opened, or comes from another query. */
  waiting(pool: Pool): Span | undefined {
    const scope = context.getStore();
    if (scope === undefined || scope === untraced || pool._idle?.length !== 0) return undefined;
    const span = this.tracer.openLocal('PostgreSQL/connect', scope);
    if (span) span.componentId = DATA_SYSTEMS.postgresql.component;
    return span;
  }

  /** @returns what is to be called with the error, or with the connection */
  connected(span: Span | undefined): ((error: unknown) => void) | undefined {
    if (span === undefined) return undefined;
    return (error) => {
      if (error) this.spans.fail(span, error);
      else this.spans.end(span);
    };
  }

  /** @returns what to hand on in the place of the promise */
  observed(promise: unknown, span: Span | undefined): unknown {
    if (span === undefined) return promise;
    if (types.isPromise(promise))
      return observePromise(
        promise,
        () => this.spans.end(span),
        (error) => this.spans.fail(span, error),
      );
    this.spans.end(span);
    return promise;
  }

  private open(client: Client, { text, values }: Submittable, options: SpanOptions | undefined): Call {
    const scope = context.whole();
    const parent = scopeOf(scope);
    if (parent === untraced) return { span: undefined, scope };
    const peer = peerOf(client.host, client.port);
    return { span: this.spans.openStatement(peer, client.database, text, values, parent, options), scope };
  }

  private watch(query: Submittable, call: Call): void {
    const { calls } = this;
    const isWatched = calls.has(query);
    calls.set(query, call);
    if (isWatched) return;
    const inItsScope: Replacement = (below, owner, args) =>
      runInScope(calls.get(query)?.scope, apply, owner, below, args);
    for (const name of HANDLERS) {
      const isError = name === 'handleError';
      replace(query, name, (below, owner, args) => {
        const own = calls.get(query);
        if (own !== undefined && (isError || name === 'handleReadyForQuery')) this.ended(own, isError, args[0]);
        return inItsScope(below, owner, args);
      });
    }
    replace(query, 'emit', inItsScope);
    for (const cursor of [query, query.cursor])
      if (cursor !== undefined && 'read' in cursor) replace(cursor, 'close', closed);
  }
}

/** A cursor that is neither read to its end nor closed never ends. */
const PROMISED: SpanOptions = { isPromised: true };

type Replacement = (below: Callback, owner: unknown, args: unknown[]) => unknown;

/** A cursor calls back when the connection says that it is ready for the next query, which is in no scope. */
const closed: Replacement = (below, owner, [callback, ...more]) =>
  below.call(owner, typeof callback === 'function' ? bound(callback as Callback, context.whole()) : callback, ...more);

/** Not `patch`, which takes off what it finds of ours, and here finds it on the prototype. */
function replace(owner: object, name: string, call: Replacement): void {
  const below: unknown = Reflect.get(owner, name);
  if (typeof below !== 'function') return;
  const enumerable = Object.prototype.propertyIsEnumerable.call(owner, name);
  function value(this: unknown, ...args: unknown[]): unknown {
    return call(below as Callback, this, args);
  }
  define(owner, name, { value, enumerable, configurable: true, writable: true });
}
