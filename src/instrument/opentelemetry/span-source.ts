import { MAX_ATTRIBUTES, textIn, type Attributes } from '../conventions/attributes';
import { firstKeys } from '../../base/first-keys';
import { memoized } from '../../base/memoized';
import { SpanKind, type InstrumentationScope, type OtelSpanOptions } from './api-types';
import { packageOf } from './packages';
import { isTracedNatively } from '../traced-natively';
import { SpanType } from '../../model/components';

/** How a span is shown: as one of ours, or not at all, since ours are there already. */
type Treatment = SpanType | 'transparent';

/** Frameworks, which have a span for each of their layers; of them we take the route. */
const FRAMEWORKS: ReadonlySet<string> = new Set([
  ...['express', 'koa', 'connect', 'router', 'restify', 'fastify'].map(packageOf),
  '@fastify/otel',
]);
/** They call a driver, which has a span of its own; that is not always below theirs. */
const MAPPER = /knex|mongoose|sequelize|typeorm|prisma|mikro-orm|objection/i;
/** Here the database is called by an engine of Prisma's, and there is no driver. */
const PRISMA_ENGINE = 'prisma:engine:db_query';
const CONNECT = 'connect';
/** A layer that is not the route's own handler. */
const LAYER_TYPE = /^(?:express|router|koa|connect|restify|fastify|hapi|hono)\.type$/;
const ROUTE_LAYERS: ReadonlySet<unknown> = new Set(['request_handler', 'router', 'handler']);

/**
 * @param isRoot there is no work above it
 * @param tracedByUs packages of instrumentations whose work our own trace
 */
export function treatmentOf(
  { name: scopeName }: InstrumentationScope,
  name: string,
  { kind = SpanKind.internal, attributes = {} }: OtelSpanOptions,
  isRoot: boolean,
  tracedByUs: ReadonlySet<string>,
): Treatment {
  if (tracedByUs.has(scopeName) || FRAMEWORKS.has(scopeName) || isTracedNatively(scopeName)) return 'transparent';
  switch (kind) {
    case SpanKind.client:
    case SpanKind.producer:
      if (isRoot && isReceiving(attributes)) return SpanType.entry;
      return isLocalCall(scopeName, name) ? SpanType.local : SpanType.exit;
    case SpanKind.server:
    case SpanKind.consumer:
      return isRoot ? SpanType.entry : SpanType.local;
    default:
      return SpanType.local;
  }
}

const isMapper = memoized((scopeName) => MAPPER.test(scopeName));

function isLocalCall(scopeName: string, name: string): boolean {
  return (name.endsWith(CONNECT) && isConnect(name)) || (isMapper(scopeName) && name !== PRISMA_ENGINE);
}

/** Waiting for a connection, and making one, are no queries. */
function isConnect(name: string): boolean {
  const before = name.at(-CONNECT.length - 1);
  return before === undefined || before === '-' || before === '.';
}

/** Messages are fetched here to be worked on, as in a batch of Kafka's. */
function isReceiving(attributes: Attributes): boolean {
  return textIn(attributes, 'messaging.operation.type', 'messaging.operation') === 'receive';
}

/** Whether what a span says of a route is the route of the request, not that of a part of its way. */
export function isRouteHandler(attributes: Attributes): boolean {
  for (const key of firstKeys(attributes, MAX_ATTRIBUTES))
    if (LAYER_TYPE.test(key)) return ROUTE_LAYERS.has(attributes[key]);
  return true;
}
