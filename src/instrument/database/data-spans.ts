import { memoized, MemoizedLast } from '../../base/memoized';
import { errorMessage, truncate } from '../../base/text';
import type { DataSystem } from '../../model/components';
import { LIMITS } from '../../model/limits';
import type { Span } from '../../model/segment';
import type { Scope } from '../../tracing/context';
import type { SpanOptions, Tracer } from '../../tracing/tracer';
import { hostPort } from '../http/peer';
import type { InstrumentOptions } from '../options';
import { operationOf, parametersText } from './statement';

/** The exit spans of one database or cache. Nothing here throws: all of it runs within the library's calls. */
export class DataSpans {
  private readonly nameOf: (operation: string) => string;

  constructor(
    private readonly system: DataSystem,
    private readonly tracer: Tracer,
    private readonly options: InstrumentOptions,
  ) {
    this.nameOf = memoized((operation) => `${system.type}/${operation}`);
  }

  /** @param operation what is done, one of a few words @param peer `host:port` @param parent absent: the scope of now */
  open(operation: string, peer: string, parent?: Scope, options?: SpanOptions): Span | undefined {
    const { system } = this;
    const span = this.tracer.openExit(this.nameOf(operation), peer, parent, options);
    if (!span) return undefined;
    span.layer = system.layer;
    span.componentId = system.component;
    return span;
  }

  /**
   * @param database empty: it is not known
   * @param statement anything but text: it is not known
   * @param shorten makes of it what is shown, of a length at most
   */
  openStatement(
    peer: string,
    database: unknown,
    statement: unknown,
    values: unknown,
    parent?: Scope,
    options?: SpanOptions,
    shorten: (text: string, limit: number) => string = truncate,
  ): Span | undefined {
    const text = typeof statement === 'string' ? statement : '';
    const span = this.open(operationOf(text), peer, parent, options);
    if (!span) return undefined;
    const tags = tagsOf(this.system.type, database, text === '' ? '' : shorten(text, LIMITS.value));
    if (this.options.sqlParameters === true && values !== undefined && values !== null)
      tags.push('db.sql.parameters', parametersText(values, this.options.sqlParametersMaxLength ?? LIMITS.value));
    span.tags = tags;
    return span;
  }

  end(span: Span | undefined): void {
    if (span !== undefined) this.tracer.end(span);
  }

  fail(span: Span | undefined, error: unknown): void {
    if (span === undefined) return;
    this.tracer.details.fail(span, error);
    this.tracer.end(span);
  }

  /** Logs what went wrong in our own code; the application does not notice. */
  complain(error: unknown): void {
    const { type } = this.system;
    this.options.log.error(`a call of ${type} could not be traced: ${errorMessage(error)}`, type);
  }
}

/** A list that is made whole: one that grows has room for sixteen more. */
function tagsOf(type: string, database: unknown, statement: string): string[] {
  if (typeof database !== 'string' || database === '')
    return statement === '' ? ['db.type', type] : ['db.type', type, 'db.statement', statement];
  const instance = truncate(database, LIMITS.value);
  if (statement === '') return ['db.type', type, 'db.instance', instance];
  return ['db.type', type, 'db.instance', instance, 'db.statement', statement];
}

/** @param host a name, an address, or the folder or file of a Unix socket */
export function peerOf(host: unknown, port: unknown): string {
  return peer.get(host, port);
}

const peer = new MemoizedLast((host: unknown, port: unknown) => {
  const name = typeof host === 'string' && host !== '' ? host : 'localhost';
  return name.startsWith('/') ? `unix:${name}` : hostPort(name, String(port));
});
