import { SW6, sw6Of, sw6Origin } from './carry-sw6';
import { SW8, sw8Of, sw8Origin, sw8Rest } from './carry-sw8';
import { hostFilter } from './host-filter';
import { OwnCarriers } from './own-carriers';
import { settleName } from './settle-name';
import { LONGEST_SW8 } from './sw8';
import { SpanType } from './vocabulary';
import type { IdGenerator } from './id';
import type { IncomingHeaders } from './incoming-headers';
import type { Origin } from './origin';
import type { OwnNames } from './own-names';
import type { Span } from './segment';
import type { SetHeader } from './set-header';

export interface PropagationOptions {
  readonly ids: IdGenerator;
  /** Undefined while there is nothing true to say of us. */
  names?(): OwnNames | undefined;
  /** The epoch of our registration that the ids in a carrier of another process are of, if they are of any. */
  carrierEpoch?(): number;
  /** Globs of the hosts whose requests are given headers; undefined: all. */
  readonly propagateTo?: readonly string[] | undefined;
}

/**
 * A trace beyond this process: reads the carrier of a request that comes in, writes that of a request that goes out.
 * What our own backend speaks decides what is written. Both are read: the trace goes on in any case, and what of the
 * caller our backend cannot understand is left out when the segment is encoded.
 */
export class Propagation {
  private readonly own: OwnCarriers;
  /** Undefined: every host is. */
  private readonly isReached: ((peer: string) => boolean) | undefined;

  constructor(private readonly options: PropagationOptions) {
    this.own = new OwnCarriers(options.ids);
    this.isReached = options.propagateTo && hostFilter(options.propagateTo);
  }

  /** `undefined`: there is no carrier, or none that means anything. */
  extract(headers: IncomingHeaders): Origin | undefined {
    const hasSw6 = headers[SW6] !== undefined;
    const hasSw8 = headers[SW8] !== undefined;
    if (!hasSw6) return hasSw8 ? sw8Origin(headers) : undefined;
    const epoch = this.options.carrierEpoch?.() ?? 0;
    if (!hasSw8) return sw6Origin(headers[SW6], epoch, this.own);
    if (this.options.names?.()?.protocol === 'v2')
      return sw6Origin(headers[SW6], epoch, this.own) ?? sw8Origin(headers);
    return sw8Origin(headers) ?? sw6Origin(headers[SW6], epoch, this.own);
  }

  /** The header of a caller that is not believed: a gateway that forwards it does not mean to leave itself out. */
  foreignCarrier(headers: IncomingHeaders): string | undefined {
    const carrier = headers[this.options.names?.()?.protocol === 'v2' ? SW6 : SW8];
    // A longer one is kept by no segment, and joined by nobody to whom it is forwarded.
    return typeof carrier === 'string' && carrier.length <= LONGEST_SW8 ? carrier : undefined;
  }

  /** Calls `set` for each header that the request of this exit span has to carry. */
  inject<T>(span: Span, into: T, set: SetHeader<T>): void {
    if (span.type !== SpanType.exit || span.endTime !== 0 || span.peer === '') return;
    const names = this.options.names?.();
    if (!names || (this.isReached && !this.isReached(span.peer))) return;
    const { carrier, entry } = span.segment;
    if (entry) settleName(entry);
    if (names.protocol === 'v2') {
      const header = sw6Of(span, names);
      if (header === undefined) return;
      this.own.note(names);
      set(into, SW6, header, carrier);
      return;
    }
    const header = sw8Of(span, names);
    if (header === undefined) return;
    set(into, SW8, header, carrier);
    sw8Rest(span, into, set);
  }
}
