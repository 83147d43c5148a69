import { inspect } from 'node:util';
import { DataSpans, peerOf } from './data-spans';
import type { CallSpans } from '../tracing-channel';
import { truncate } from '../../base/text';
import { Component, DATA_SYSTEMS } from '../../model/components';
import { LIMITS } from '../../model/limits';
import type { InstrumentOptions } from '../options';
import type { Span } from '../../model/segment';
import type { Scope } from '../../tracing/context';
import type { Tracer } from '../../tracing/tracer';

/** What mongoose publishes of an operation, since 9.7. */
interface Operation {
  readonly operation?: unknown;
  readonly collection?: unknown;
  readonly database?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
  readonly args?: { readonly filter?: unknown; readonly pipeline?: unknown };
}

const MONGODB = DATA_SYSTEMS.mongodb;

export function mongooseSpans(tracer: Tracer, options: InstrumentOptions): CallSpans<Operation> {
  const spans = new DataSpans({ ...MONGODB, component: Component.mongoose, type: 'Mongoose' }, tracer, options);
  const open = (message: Operation, parent: Scope | undefined): Span | undefined => {
    const { operation, collection, database, serverAddress, serverPort } = message;
    const name = truncate(operation, LIMITS.key);
    const span = spans.open(name, peerOf(serverAddress, serverPort ?? 27_017), parent);
    if (!span) return undefined;
    const tags = ['db.type', MONGODB.type];
    if (typeof database === 'string') tags.push('db.instance', truncate(database, LIMITS.value));
    tags.push('db.statement', typeof collection === 'string' ? truncate(`${name} ${collection}`, LIMITS.value) : name);
    if (options.mongoParameters === true)
      tags.push('db.sql.parameters', filterText(message, options.mongoParametersMaxLength ?? LIMITS.value));
    span.tags = tags;
    return span;
  };
  return { open, end: spans.end.bind(spans), fail: spans.fail.bind(spans), complain: spans.complain.bind(spans) };
}

function filterText({ args }: Operation, limit: number): string {
  const shown = { depth: 6, maxArrayLength: 20, maxStringLength: limit, breakLength: Infinity, compact: true } as const;
  try {
    return truncate(inspect(args?.filter ?? args?.pipeline, shown), limit);
  } catch {
    // An object of the application's that shows itself, and fails.
    return '[unprintable]';
  }
}
