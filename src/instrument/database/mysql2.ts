import { DataSpans, peerOf } from './data-spans';
import { maskedStatement } from './statement';
import { DATA_SYSTEMS } from '../../model/components';
import type { InstrumentOptions } from '../options';
import type { Scope } from '../../tracing/context';
import type { Tracer } from '../../tracing/tracer';

/** What mysql2 publishes of a statement, since 3.20. */
interface Statement {
  readonly query?: unknown;
  readonly values?: unknown;
  readonly database?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
}

export function mysql2Spans(tracer: Tracer, options: InstrumentOptions) {
  const spans = new DataSpans(DATA_SYSTEMS.mysql, tracer, options);
  const statements = (shorten?: typeof maskedStatement) => ({
    open: ({ query, values, database, serverAddress, serverPort }: Statement, parent: Scope | undefined) =>
      spans.openStatement(peerOf(serverAddress, serverPort), database, query, values, parent, undefined, shorten),
    end: spans.end.bind(spans),
    fail: spans.fail.bind(spans),
    complain: spans.complain.bind(spans),
  });
  // With its values in it, where it has some.
  return { query: statements(maskedStatement), execute: statements() };
}
