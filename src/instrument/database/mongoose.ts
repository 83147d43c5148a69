import { inspect, types } from 'node:util';
import { DataSpans, peerOf } from './data-spans';
import type { CallSpans } from '../tracing-channel';
import { define } from '../../base/define';
import { firstKeys } from '../../base/first-keys';
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

const DEPTH = 6;
const MAX_ITEMS = 20;

function filterText({ args }: Operation, limit: number): string {
  const shown = { maxStringLength: limit, breakLength: Infinity, compact: true } as const;
  try {
    const value = beginningOf(args?.filter ?? args?.pipeline, { left: limit }, 0);
    return truncate(inspect(value, { ...shown, depth: DEPTH, maxArrayLength: MAX_ITEMS }), limit);
  } catch {
    // An object of the application's that shows itself, and fails.
    return '[unprintable]';
  }
}

/**
 * As much of a filter as is shown: a caller may send one with millions of values, and `inspect` would look at all of them.
 * A value takes two characters at least, so after as many values as there are characters no more is needed. What shows
 * itself in its own way, as an ObjectId does, stays as it is.
 */
function beginningOf(value: unknown, budget: { left: number }, depth: number): unknown {
  if (depth > DEPTH || typeof value !== 'object' || value === null || types.isProxy(value)) return value;
  const isList = Array.isArray(value);
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (!isList && prototype !== Object.prototype && prototype !== null) return value;
  const copy = isList ? [] : (Object.create(prototype) as object);
  const keys = firstKeys(value, isList ? Math.min(budget.left, MAX_ITEMS) : budget.left);
  for (const key of [...keys, ...Object.getOwnPropertySymbols(value)]) {
    if (--budget.left < 0) break;
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (!property) continue;
    if (Object.hasOwn(property, 'value')) property.value = beginningOf(property.value, budget, depth + 1);
    define(copy, key, property);
  }
  // Says how many more there are.
  if (isList) (copy as unknown[]).length = value.length;
  return copy;
}
