import { traceIdsOfNow } from './trace-ids';
import { errorMessage } from '../../base/text';
import type { Log } from '../../base/log';
import type { TraceIds } from '../../model/telemetry';

/** How the ids stand in a line: as fields of their own, or as a text at the end of the message. */
export type CorrelationForm = 'fields' | 'text';

export interface LineHookOptions {
  readonly log: Log;
  /** The ids with the names of the service and the instance, in one text. */
  textOf(ids: TraceIds): string;
}

/** What is asked for each line that a logger of the application writes. Nothing here throws. */
export class LineHooks {
  /** Undefined: lines stay as they are. */
  form: CorrelationForm | undefined;

  constructor(private readonly options: LineHookOptions) {}

  /** What a line of now has to have as fields. */
  fields(): TraceIds | undefined {
    return this.form === 'fields' ? traceIdsOfNow() : undefined;
  }

  /** Likewise where a text cannot be put into the message. */
  idsOfNow(): TraceIds | undefined {
    return this.form === undefined ? undefined : traceIdsOfNow();
  }

  /** The message of a line of now; one that is no text stays as it is. */
  message(given: unknown): unknown {
    if (this.form !== 'text' || (typeof given !== 'string' && given !== undefined)) return given;
    const ids = traceIdsOfNow();
    if (ids === undefined) return given;
    const text = this.options.textOf(ids);
    return given === undefined || given === '' ? text : `${given} ${text}`;
  }

  /** Logs what went wrong in our own code; the line is written as without us. */
  complain(error: unknown): void {
    this.options.log.error(`a line of a log got no trace: ${errorMessage(error)}`, 'log lines');
  }
}
