import { failed, ok, retryable, type Outcome } from '../base/outcome';
import { formatAddress, type BackendOptions } from '../transport/backend-options';
import { type UnaryCaller, unaryCall } from '../transport/call/unary-call';
import type { Connection } from '../model/registration';
import { detect } from './detect';
import type { Dialect } from '../model/dialect';
import { hintOfPort } from '../transport/explain';
import { Connector } from '../transport/connector';
import type { BackendApi } from './registration/backend-api';
import type { BackendConnection } from '../transport/backend-connection';
import { TraceSegmentClient } from './segments/trace-segment-client';
import { V2Client } from './v2/client';
import { TelemetryClient } from './telemetry-client';
import { V3Client } from './v3/client';
import { v3Protocol } from './v3/protocol';

/** The way to a backend, behind the ports of those who use it. */
export interface Backend {
  /** For the registrar, which is what connects. */
  readonly api: BackendApi;
  /** For the reporter. */
  readonly segments: TraceSegmentClient;
  /** For the reporters of meters, logs and events. */
  readonly telemetry: TelemetryClient;
  /** `host:port` of the backend that is connected. */
  readonly address: string | undefined;
  /** Tells of every connection that is lost, and why; not of one that could not be made. */
  onDisconnect(listener: (reason: string) => void): void;
  /** Never rejects; bounded. Afterwards nothing connects any more. */
  close(): Promise<void>;
}

/** Addresses of this very host. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Loads nothing and connects to nothing before it is first used. */
export function createBackend(options: BackendOptions): Backend {
  warnOfCleartext(options);
  const verify = async (connection: BackendConnection, signal: AbortSignal): Promise<Outcome<unknown>> => {
    const dialect = await dialectOf(connection, options, signal);
    return dialect.status === 'ok' ? segments.verify(connection, dialect.value, signal) : dialect;
  };
  const connector = new Connector(options, verify);
  const segments = new TraceSegmentClient(connector, options);

  const connect = async (signal: AbortSignal): Promise<Outcome<Connection>> => {
    // The token itself is never told, not even to the log.
    if (!isToken(options.authentication))
      return failed('UNAUTHENTICATED', 'the authentication token holds characters that no header may');
    const outcome = await connector.connect(signal);
    if (outcome.status !== 'ok') return outcome;
    const connection = outcome.value;
    const dialect = await dialectOf(connection, options, signal);
    if (dialect.status !== 'ok') return dialect;
    return ok({ address: connection.address, number: connection.number, protocol: dialect.value.protocol });
  };
  const call = async (
    isProbe: boolean,
    ...[path, request, signal]: Parameters<UnaryCaller>
  ): ReturnType<UnaryCaller> => {
    const connection = connector.current;
    if (!connection) return retryable('not connected');
    return unaryCall(connection, { path, request, isProbe }, options.clock, signal);
  };
  const ask: UnaryCaller = (...question) => call(false, ...question);
  const probe: UnaryCaller = (...question) => call(true, ...question);
  const leave = (reason: string): void => connector.current?.fail(reason);

  return {
    api: {
      connect,
      v2: new V2Client(ask, leave),
      v3: new V3Client(ask, probe, () => connector.current?.dialect ?? v3Protocol.probes[0].dialect, leave),
    },
    segments,
    telemetry: new TelemetryClient(connector, options),
    get address() {
      return connector.current?.address;
    },
    onDisconnect: (listener) => connector.onDisconnect(listener),
    close: () => connector.close(),
  };
}

/** Asked once; where nothing there receives agents, the next address of the list has its turn. */
async function dialectOf(
  connection: BackendConnection,
  options: BackendOptions,
  signal: AbortSignal,
): Promise<Outcome<Dialect>> {
  if (connection.dialect) return ok(connection.dialect);
  const ask: UnaryCaller = (path, request, bound) =>
    unaryCall(connection, { path, request, isProbe: true }, options.clock, bound);
  const outcome = await detect(ask, options, options.protocol, signal);
  if (outcome.status === 'ok') connection.dialect = outcome.value;
  else if (outcome.status === 'failed' && outcome.code === 'UNIMPLEMENTED') {
    connection.fail(outcome.reason);
    const hint = hintOfPort(Number(/\d+$/.exec(connection.address)?.[0]));
    return failed(outcome.code, `${connection.address}: ${outcome.reason}${hint}`);
  }
  return outcome;
}

/** Anyone on the network can read the token then. Packets to this very host reach no network. */
function warnOfCleartext({ addresses, authentication, log, tls }: BackendOptions): void {
  if (authentication === undefined || tls) return;
  const far = addresses.filter(({ host }) => !LOOPBACK.test(host)).map(formatAddress);
  if (far.length > 0) log.warn(`the authentication token goes in cleartext to ${far.join(', ')}: TLS is off`);
}

/** Whether a header can carry it. */
function isToken(authentication: string | undefined): boolean {
  return authentication === undefined || /^[ -~]*$/.test(authentication);
}
