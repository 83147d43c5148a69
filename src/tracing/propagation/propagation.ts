import { isIP, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import type { PropagateUnsampled } from '../../api/options';
import { glob } from '../../base/patterns';
import { SpanType } from '../../model/components';
import { freezeName, type Span } from '../../model/segment';
import { untraced } from '../context';
import type { UnrecordedExit } from '../sampling/unrecorded-trace';
import type { HeaderSetter, IncomingHeaders } from './headers';
import type { PropagationIdentity, Propagator, Propagators, RemoteParent } from './propagator';

const PORT = /:\d+$/;
/** The brackets around an IPv6 address. In a glob any other pair of them is a set of characters. */
const BRACKETS = /^\[([^\]:]*:[^\]]*)\]/;
/** A host is the same with a dot at its end. In a glob, `*.` asks for one. */
const LAST_DOT = /(?<=[^*?.])\.(?=(?::[^:]*)?$)/;
const NOT_ASCII = /[^ -~]/;
const PUNYCODE = 'xn--';
/**
 * A glob of digits and dots, `10.*`, with or without a port: who writes it means addresses. `10-*` and `[!0-9]*` are of
 * names.
 */
const NUMERIC = /^(?=.*[*?[])(?:\d|\[(?:\d-\d|[\d.])+\])(?:[\d.*?]|\[(?:\d-\d|[\d.])+\])*(?::[^:]*)?$/;
/** Brokers of Kafka are one peer. */
const BETWEEN_HOSTS = /[;,]/;
const CONTROL = /\p{Cc}/u;
/** Before the path of a socket. Linux has sockets whose names begin with a NUL. */
const SOCKET = 'unix:';
/** Before the zone of an IPv6 address. It may be any text, and where an address needs none it is not looked at. */
const ZONE = '%';

/**
 * Whether the host of a peer, `host:port`, matches one of the globs, and none of those that are excepted. A glob with a
 * colon may be of the host and its port, and a numeric one is of addresses alone where it is not of exceptions. However
 * a host is written, it is one: in upper or lower case, with a dot at its end, with letters that are not ASCII or in
 * Punycode, as URLs have it; an IPv6 address may stand in brackets. A host with a control character gets no
 * headers: resolvers read no further than to a NUL.
 */
function hostFilter(globs: readonly string[], excepted: readonly string[] = []): (peer: string) => boolean {
  const [hosts, exceptions] = [globs.map(reachedGlob), excepted.map(exceptedGlob)];
  return (peer) => {
    if (CONTROL.test(peer) && !peer.startsWith(SOCKET)) return false;
    const forms = formsOf(plainHost(peer));
    const isOneOf = (matchers: readonly HostMatcher[]) =>
      forms.some((form) => {
        const address = withoutBrackets(form);
        const host = withoutBrackets(form.replace(PORT, ''));
        return matchers.some((matches) => matches(host, address));
      });
    return isOneOf(hosts) && !isOneOf(exceptions);
  };
}

type HostMatcher = (host: string, address: string) => boolean;

function hostGlob(pattern: string): HostMatcher {
  const matches = glob(withoutBrackets(plainHost(pattern)));
  return pattern.includes(':') ? (host, address) => matches(host) || matches(address) : matches;
}

/** Where hosts are excepted, one too many does no harm. */
function exceptedGlob(pattern: string): HostMatcher {
  const matches = hostGlob(pattern);
  return (host, address) => matches(host, address) || (host.includes(ZONE) && withoutZone(matches, host, address));
}

/** Anyone may have a name such as `10.example.com`, and write a zone such as `%.internal` behind an address. */
function reachedGlob(pattern: string): HostMatcher {
  const matchesText = hostGlob(pattern);
  const matches: HostMatcher = pattern.includes(ZONE)
    ? matchesText
    : (host, address) =>
        matchesText(host, address) && (!host.includes(ZONE) || withoutZone(matchesText, host, address));
  const isNumeric = NUMERIC.test(withoutBrackets(plainHost(pattern)));
  return isNumeric ? (host, address) => matches(host, address) && host.split(BETWEEN_HOSTS).every(isAddress) : matches;
}

/** What the glob says of the address alone, or of a host that is none. */
function withoutZone(matches: HostMatcher, host: string, address: string): boolean {
  const bare = host.slice(host.startsWith('[') ? 1 : 0, host.indexOf(ZONE));
  return isIPv6(bare) ? matches(bare, bare + address.slice(host.length)) : matches(host, address);
}

function isAddress(host: string): boolean {
  return isIP(host) !== 0 || isIP(withoutBrackets(host.replace(PORT, ''))) !== 0;
}

/** With a port, or a glob of it. */
function plainHost(text: string): string {
  return text.toLowerCase().normalize('NFKC').replace(LAST_DOT, '');
}

function withoutBrackets(host: string): string {
  return host.replace(BRACKETS, '$1');
}

/** As URLs have it and as people write it, where that is not the same. */
function formsOf(host: string): readonly string[] {
  return isForeign(host) ? [inLabels(host, domainToASCII), inLabels(host, domainToUnicode)] : [host];
}

function isForeign(label: string): boolean {
  return label.includes(PUNYCODE) || NOT_ASCII.test(label);
}

/** Not the host as a whole, which has a port; and of a label that is a number it would make an address. */
function inLabels(host: string, convert: (label: string) => string): string {
  const labels = host.split(/([.:])/).map((label) => (isForeign(label) && convert(label)) || label);
  return labels.join('');
}

export interface PropagationOptions {
  /** Absent: no trace comes in or goes out. */
  readonly propagators?: Propagators;
  /** Undefined while there is nothing true to say of us. */
  names?(): PropagationIdentity | undefined;
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
 * The protocol of our own backend decides what is written. All are read: the trace goes on in any case, and what of the
 * caller our backend cannot understand is left out when the segment is encoded.
 */
export class Propagation {
  private readonly all: readonly Propagator[];
  /** Undefined: every host gets headers. */
  private readonly isReached: ((peer: string, name: string | undefined) => boolean) | undefined;

  constructor(private readonly options: PropagationOptions) {
    this.all = Object.values(options.propagators ?? {});
    const { cluster, propagateTo, doNotPropagateTo = [] } = options;
    if (!propagateTo && doNotPropagateTo.length === 0) return;
    const mayReach = hostFilter(propagateTo ?? ['*'], doNotPropagateTo);
    const start = cluster === undefined ? 0 : cluster.length + 1;
    this.isReached = (peer, name) => mayReach(peer.slice(start)) && (name === undefined || mayReach(name));
  }

  /** Whether every host is given headers. */
  get reachesAll(): boolean {
    return !this.isReached;
  }

  /** `undefined`: there is no carrier, or none that means anything. An empty one means that nothing is to be traced. */
  extract(headers: IncomingHeaders): RemoteParent | typeof untraced | undefined {
    let only: Propagator | undefined;
    for (const propagator of this.all) {
      if (headers[propagator.header] === undefined) continue;
      if (only) return this.extractAny(headers) ?? this.untracedIfEmpty(headers);
      only = propagator;
    }
    return only && (only.extract(headers) ?? this.untracedIfEmpty(headers));
  }

  /**
   * Calls `set` for each header that the request of this exit span has to carry.
   * @param name `host:port` with the host's name, where the peer has its address: both have to be allowed
   */
  inject<T>(span: Span, into: T, set: HeaderSetter<T>, name?: string): void {
    if (span.type !== SpanType.exit || span.endTime !== 0 || span.peer === '') return;
    const names = this.namesFor(span.peer, name);
    if (!names) return;
    const { entry, isSampled, forwarded } = span.segment;
    const mode = isSampled ? undefined : this.options.propagateUnsampled;
    const propagator = this.options.propagators?.[names.protocol];
    if (mode === 'none' || !propagator) return;
    if (mode === 'empty') {
      set(into, propagator.header, '', forwarded);
      return;
    }
    if (entry) freezeName(entry);
    propagator.inject(span, names, into, set);
  }

  /** The same for a call whose trace is not recorded. */
  injectUnrecorded<T>(exit: UnrecordedExit, into: T, set: HeaderSetter<T>, name?: string): void {
    const mode = this.options.propagateUnsampled ?? 'id';
    const names = mode === 'none' || exit.peer === '' ? undefined : this.namesFor(exit.peer, name);
    if (!names) return;
    freezeName(exit.trace);
    this.options.propagators?.[names.protocol]?.injectUnrecorded(exit, names, mode === 'empty', into, set);
  }

  /** Where there are several carriers, the one that our own backend understands, if it can be read. */
  private extractAny(headers: IncomingHeaders): RemoteParent | undefined {
    const own = this.own();
    let parent = own?.extract(headers);
    for (const other of this.all) if (other !== own) parent ??= other.extract(headers);
    return parent;
  }

  private untracedIfEmpty(headers: IncomingHeaders): typeof untraced | undefined {
    return this.all.some(({ header }) => headers[header] === '') ? untraced : undefined;
  }

  /** That of the backend which knows us. */
  private own(): Propagator | undefined {
    const names = this.options.names?.();
    return names ? this.options.propagators?.[names.protocol] : this.all[0];
  }

  /** What we may say of us to this host. */
  private namesFor(peer: string, name: string | undefined): PropagationIdentity | undefined {
    return this.isReached && !this.isReached(peer, name) ? undefined : this.options.names?.();
  }
}
