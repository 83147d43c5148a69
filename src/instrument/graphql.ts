import { channel } from 'node:diagnostics_channel';
import { errorMessage, truncate } from '../base/text';
import { Component } from '../model/components';
import { LIMITS } from '../model/limits';
import { Span } from '../model/segment';
import { context, type Scope, storage } from '../tracing/context';
import type { InstrumentOptions } from './options';
import { together, type Undo } from './patch';
import { subscribeTo } from './subscribe';
import type { Tracer } from '../tracing/tracer';

const EXECUTE = 'tracing:graphql:execute:';
const SPAN = Symbol('skyanchor.span');

/** What graphql publishes of an operation that it executes, since 17. */
interface Operation {
  readonly operationName?: unknown;
  readonly operationType?: unknown;
  readonly error?: unknown;
  readonly result?: { readonly errors?: readonly unknown[] };
  [SPAN]?: Span | undefined;
}

/**
 * A local span for each operation that a request executes; what its resolvers call is below it. Its name has no more than
 * `query` or `mutation` in it: the operation's own name is the caller's choice, and a backend keeps each that it sees.
 */
export function graphql(tracer: Tracer, { log }: InstrumentOptions): Undo {
  const complain = (error: unknown): void =>
    log.error(`an operation of GraphQL could not be traced: ${errorMessage(error)}`, 'graphql');
  const start = channel(`${EXECUTE}start`);
  start.bindStore(storage, (message) => {
    const whole = context.whole();
    try {
      const scope = open(tracer, message as Operation);
      if (scope) return context.within(scope);
    } catch (error) {
      complain(error);
    }
    return whole;
  });
  const ended = (message: unknown): void => {
    try {
      close(tracer, message as Operation);
    } catch (error) {
      complain(error);
    }
  };
  return together([
    () => void start.unbindStore(storage),
    // Without a promise it has ended when the call returns.
    subscribeTo(`${EXECUTE}end`, (message) => {
      const operation = message as Operation;
      if (operation.result !== undefined || operation.error !== undefined) ended(operation);
    }),
    subscribeTo(`${EXECUTE}asyncStart`, ended),
  ]);
}

function open(tracer: Tracer, message: Operation): Scope | undefined {
  const scope = context.getStore();
  // A schema that is looked at as the application starts is no part of a request.
  if (!(scope instanceof Span) && !tracer.isOld(scope)) return undefined;
  const { operationName, operationType = 'operation' } = message;
  const name = `GraphQL/${truncate(operationType, LIMITS.key)}`;
  const span = tracer.openLocal(name, scope, { isPromised: true });
  if (!span) return tracer.unrecordedAnew(name, scope);
  span.componentId = Component.graphql;
  if (typeof operationName === 'string') tracer.details.tag(span, 'graphql.operation.name', operationName);
  message[SPAN] = span;
  return span;
}

function close(tracer: Tracer, { [SPAN]: span, error, result }: Operation): void {
  if (span === undefined) return;
  const failure = error ?? result?.errors?.[0];
  if (failure !== undefined) tracer.details.fail(span, failure);
  tracer.end(span);
}
