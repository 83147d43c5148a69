import { DataSpans, peerOf } from './data-spans';
import { maskedStatement } from './statement';
import { scopedChannel, tracingChannel } from '../tracing-channel';
import { together, type Undo } from '../patch';
import { DATA_SYSTEMS } from '../../model/components';
import type { InstrumentOptions } from '../options';
import type { Tracer } from '../../tracing/tracer';

/** What mysql2 publishes of a statement, since 3.20. */
interface Statement {
  readonly query?: unknown;
  readonly values?: unknown;
  readonly database?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
}

/** Exit spans for mysql2's statements, and its callbacks in the scope that each was given in, also behind a pool. */
export function mysql2(tracer: Tracer, options: InstrumentOptions): Undo {
  const spans = new DataSpans(DATA_SYSTEMS.mysql, tracer, options);
  const statements = (shorten?: typeof maskedStatement) => ({
    open: ({ query, values, database, serverAddress, serverPort }: Statement) =>
      spans.openStatement(peerOf(serverAddress, serverPort), database, query, values, undefined, shorten),
    end: spans.end.bind(spans),
    fail: spans.fail.bind(spans),
    complain: spans.complain.bind(spans),
  });
  return together([
    // With its values in it, where it has some.
    tracingChannel('mysql2', 'mysql2:query', statements(maskedStatement)),
    tracingChannel('mysql2', 'mysql2:execute', statements()),
    scopedChannel('mysql2:pool:connect', spans.complain.bind(spans)),
  ]);
}
