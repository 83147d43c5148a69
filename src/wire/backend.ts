import { failed, ok, retryable, type Outcome } from '../base/outcome';
import { formatAddress, type BackendOptions } from './backend-options';
import type { Ask } from './call/ask';
import { unaryCall } from './call/unary-call';
import type { Connection } from './connection';
import { detect } from './detect';
import { type Dialect, protocolOf } from './dialect';
import { hintOfPort } from './link/explain';
import { Connector } from './link/connector';
import type { Link } from './link/link';
import { Segments } from './segments';
import { V2Registry } from './v2/v2-registry';
import { V3Logs } from './v3/v3-logs';
import { V3Meters } from './v3/v3-meters';
import { V3Registry } from './v3/v3-registry';
import { V3Telemetry } from './v3/v3-telemetry';

/** The way to a backend, behind the ports of those who use it. */
export interface Backend {
  /** For the registrar; the one who connects. */
  readonly registry: Registry;
  /** For the reporter. */
  readonly segments: Segments;
  /** For the meter reporter. */
  readonly meters: V3Meters;
  /** For the log reporter. */
  readonly logs: V3Logs;
  /** `host:port` of the backend that is connected. */
  readonly address: string | undefined;
  /** Tells of every connection that is lost, and why; not of one that could not be made. */
  onDisconnect(listener: (reason: string) => void): void;
  /** Never rejects; bounded. Afterwards nothing connects any more. */
  close(): Promise<void>;
}

export interface Registry {
  /** The link of now, or an attempt at the next address; and what the backend speaks, asked once on every link. */
  connect(signal: AbortSignal): Promise<Outcome<Connection>>;
  readonly v2: V2Registry;
  readonly v3: V3Registry;
}

/** Addresses of this very host. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Loads nothing and connects to nothing before it is first used. */
export function createBackend(options: BackendOptions): Backend {
  const metadata = metadataOf(options);
  warnOfCleartext(options);
  const connector = new Connector(options);
  const telemetry = new V3Telemetry(connector, options, metadata ?? {});

  const connect = async (signal: AbortSignal): Promise<Outcome<Connection>> => {
    // The token itself is never told, not even to the log.
    if (!metadata) return failed('UNAUTHENTICATED', 'the authentication token holds characters that no header may');
    const outcome = await connector.connect(signal);
    if (outcome.status !== 'ok') return outcome;
    const link = outcome.value;
    const dialect = await dialectOf(link, options, metadata, signal);
    if (dialect.status !== 'ok') return dialect;
    return ok({ address: link.address, number: link.number, protocol: protocolOf(dialect.value) });
  };
  const call = async (isProbe: boolean, ...[path, request, signal]: Parameters<Ask>): ReturnType<Ask> => {
    const link = connector.current;
    if (!link || !metadata) return retryable('not connected');
    return unaryCall(link, { path, request, metadata, isProbe }, options.clock, signal);
  };
  const ask: Ask = (...question) => call(false, ...question);
  const probe: Ask = (...question) => call(true, ...question);
  const leave = (reason: string): void => connector.current?.lose(reason);

  return {
    registry: {
      connect,
      v2: new V2Registry(ask, leave),
      v3: new V3Registry(ask, probe, () => connector.current?.dialect ?? 'v3', leave),
    },
    segments: new Segments(connector, options, metadata ?? {}),
    meters: new V3Meters(telemetry),
    logs: new V3Logs(telemetry),
    get address() {
      return connector.current?.address;
    },
    onDisconnect: (listener) => connector.onDisconnect(listener),
    close: () => connector.close(),
  };
}

/** Asked once; where nobody there receives agents, the next address of the list has its turn. */
async function dialectOf(
  link: Link,
  options: BackendOptions,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome<Dialect>> {
  if (link.dialect) return ok(link.dialect);
  const ask: Ask = (path, request, bound) =>
    unaryCall(link, { path, request, metadata, isProbe: true }, options.clock, bound);
  const outcome = await detect(ask, options, options.protocol, signal);
  if (outcome.status === 'ok') link.dialect = outcome.value;
  else if (outcome.status === 'failed' && outcome.code === 'UNIMPLEMENTED') {
    link.lose(outcome.reason);
    const hint = hintOfPort(Number(/\d+$/.exec(link.address)?.[0]));
    return failed(outcome.code, `${link.address}: ${outcome.reason}${hint}`);
  }
  return outcome;
}

/** Anyone on the network can read the token then. Packets to this very host reach no network. */
function warnOfCleartext({ addresses, authentication, log, tls }: BackendOptions): void {
  if (authentication === undefined || tls) return;
  const far = addresses.filter(({ host }) => !LOOPBACK.test(host)).map(formatAddress);
  if (far.length > 0) log.warn(`the authentication token goes in cleartext to ${far.join(', ')}: TLS is off`);
}

/** What goes along with every call; undefined if it cannot. */
function metadataOf({ agentVersion, authentication }: BackendOptions): Readonly<Record<string, string>> | undefined {
  if (authentication === undefined) return { 'agent-version': agentVersion };
  return /^[ -~]*$/.test(authentication) ? { 'agent-version': agentVersion, authentication } : undefined;
}
