import { SW6, formatSw6Header, formatUnrecordedSw6, extractSw6 } from './sw6/propagator';
import {
  SW8,
  formatSw8Header,
  formatUnrecordedSw8,
  extractSw8,
  injectCorrelation,
  injectSw8Extensions,
} from './sw8/propagator';
import type { PropagateUnsampled } from '../../api/propagate-unsampled';
import { untraced } from '../context';
import { hostFilter } from './host-filter';
import { SelfCallGuard } from './self-call-guard';
import { freezeName, type Span } from '../../model/segment';
import { MAX_SW8_LENGTH } from './sw8/header';
import { SpanType } from '../../model/components';
import type { Clock } from '../../base/clock';
import type { IdGenerator } from '../id-generator';
import type { IncomingHeaders, HeaderSetter } from './headers';
import type { RemoteParent } from './remote-parent';
import type { UnrecordedExit } from '../sampling/unrecorded-trace';
import type { PropagationIdentity } from './propagation-identity';

export interface PropagationOptions {
  readonly clock: Clock;
  readonly ids: IdGenerator;
  /** Undefined while there is nothing true to say of us. */
  names?(): PropagationIdentity | undefined;
  /** The epoch of our registration that the ids in a carrier of another process are of, if they are of any. */
  carrierEpoch?(): number;
  /** Stands before the peer of each exit span: `cluster/host:port`. */
  readonly cluster?: string | undefined;
  /** Globs of the hosts whose requests are given headers; undefined: all. */
  readonly propagateTo?: readonly string[] | undefined;
  /** Globs of hosts whose requests are given none, whatever the others say; undefined: none. */
  readonly doNotPropagateTo?: readonly string[] | undefined;
  /** Default: `id`. */
  readonly propagateUnsampled?: PropagateUnsampled;
}

/**
 * A trace beyond this process: reads the carrier of a request that comes in, writes that of a request that goes out.
 * What our own backend speaks decides what is written. Both are read: the trace goes on in any case, and what of the
 * caller our backend cannot understand is left out when the segment is encoded.
 */
export class Propagation {
  private readonly own: SelfCallGuard;
  /** Undefined: every host gets headers. */
  private readonly isReached: ((peer: string) => boolean) | undefined;

  constructor(private readonly options: PropagationOptions) {
    this.own = new SelfCallGuard(options.ids);
    const { cluster, propagateTo, doNotPropagateTo = [] } = options;
    const isReached =
      propagateTo || doNotPropagateTo.length > 0 ? hostFilter(propagateTo ?? ['*'], doNotPropagateTo) : undefined;
    this.isReached =
      cluster === undefined ? isReached : isReached && ((peer) => isReached(peer.slice(cluster.length + 1)));
  }

  /** `undefined`: there is no carrier, or none that means anything. An empty one means that nothing is to be traced. */
  extract(headers: IncomingHeaders): RemoteParent | typeof untraced | undefined {
    const { [SW6]: sw6, [SW8]: sw8 } = headers;
    if (sw6 === undefined && sw8 === undefined) return undefined;
    return (
      this.read(headers, sw6 !== undefined, sw8 !== undefined) ?? (sw6 === '' || sw8 === '' ? untraced : undefined)
    );
  }

  private read(headers: IncomingHeaders, hasSw6: boolean, hasSw8: boolean): RemoteParent | undefined {
    if (!hasSw6) return hasSw8 ? extractSw8(headers) : undefined;
    const epoch = this.options.carrierEpoch?.() ?? 0;
    if (!hasSw8) return extractSw6(headers[SW6], epoch, this.own);
    if (this.options.names?.()?.protocol === 'v2')
      return extractSw6(headers[SW6], epoch, this.own) ?? extractSw8(headers);
    return extractSw8(headers) ?? extractSw6(headers[SW6], epoch, this.own);
  }

  /** The header of a caller that is not believed: a gateway that forwards it does not mean to leave itself out. */
  foreignCarrier(headers: IncomingHeaders): string | undefined {
    const carrier = headers[this.options.names?.()?.protocol === 'v2' ? SW6 : SW8];
    // No segment keeps a longer one, and no agent joins it when it is forwarded.
    return typeof carrier === 'string' && carrier.length <= MAX_SW8_LENGTH ? carrier : undefined;
  }

  /** Calls `set` for each header that the request of this exit span has to carry. */
  inject<T>(span: Span, into: T, set: HeaderSetter<T>): void {
    if (span.type !== SpanType.exit || span.endTime !== 0 || span.peer === '') return;
    const names = this.namesFor(span.peer);
    if (!names) return;
    const mode = span.segment.isSampled ? undefined : this.options.propagateUnsampled;
    if (mode === 'none') return;
    if (mode === 'empty') {
      set(into, names.protocol === 'v2' ? SW6 : SW8, '', span.segment.carrier);
      return;
    }
    const { carrier, entry } = span.segment;
    if (entry) freezeName(entry);
    if (names.protocol === 'v2') {
      const header = formatSw6Header(span, names);
      if (header === undefined) return;
      this.own.recordSent(names);
      set(into, SW6, header, carrier);
      return;
    }
    const header = formatSw8Header(span, names);
    if (header === undefined) return;
    set(into, SW8, header, carrier);
    injectSw8Extensions(span, this.options.clock, into, set);
  }

  /** The same for a call whose trace is not recorded. */
  injectUnrecorded<T>({ trace, peer }: UnrecordedExit, into: T, set: HeaderSetter<T>): void {
    const mode = this.options.propagateUnsampled ?? 'id';
    const names = mode === 'none' || peer === '' ? undefined : this.namesFor(peer);
    if (!names) return;
    freezeName(trace);
    const isV2 = names.protocol === 'v2';
    const header =
      mode === 'empty' ? '' : isV2 ? formatUnrecordedSw6(trace, peer, names) : formatUnrecordedSw8(trace, peer, names);
    if (header === undefined) return;
    set(into, isV2 ? SW6 : SW8, header, trace.carrier);
    if (!isV2) injectCorrelation(trace.correlation, into, set);
  }

  /** What we may say of us to this host. */
  private namesFor(peer: string): PropagationIdentity | undefined {
    return this.isReached && !this.isReached(peer) ? undefined : this.options.names?.();
  }
}
