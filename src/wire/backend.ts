import { failed, ok, retryable, type Outcome } from '../base/outcome';
import type { BackendOptions } from './backend-options';
import { unaryCall } from './call/unary-call';
import { Connector } from './link/connector';
import type { Ask, Connection } from './v2/control';
import { V2Registry } from './v2/v2-registry';
import { V2Segments } from './v2/v2-segments';

/** The way to a backend, behind the ports of those who use it. */
export interface Backend {
  /** For the registrar; the one who connects. */
  readonly registry: V2Registry;
  /** For the reporter. */
  readonly segments: V2Segments;
  /** `host:port` of the backend that is connected. */
  readonly address: string | undefined;
  /** Tells of every connection that is lost, and why; not of one that could not be made. */
  onDisconnect(listener: (reason: string) => void): void;
  /** Never rejects; bounded. Afterwards nothing connects any more. */
  close(): Promise<void>;
}

/** Loads nothing and connects to nothing before it is first used. */
export function createBackend(options: BackendOptions): Backend {
  const metadata = metadataOf(options);
  const connector = new Connector(options);

  const connect = async (signal: AbortSignal): Promise<Outcome<Connection>> => {
    // The token itself is never told, not even to the log.
    if (!metadata) return failed('UNAUTHENTICATED', 'the authentication token holds characters that no header may');
    const outcome = await connector.connect(signal);
    if (outcome.status !== 'ok') return outcome;
    return ok({ address: outcome.value.address, number: outcome.value.number });
  };
  const ask: Ask = async (path, request, signal) => {
    const link = connector.current;
    if (!link || !metadata) return retryable('not connected');
    return unaryCall(link, { path, request, metadata }, options.clock, signal);
  };

  return {
    registry: new V2Registry(connect, ask),
    segments: new V2Segments(connector, options, metadata ?? {}),
    get address() {
      return connector.current?.address;
    },
    onDisconnect: (listener) => connector.onDisconnect(listener),
    close: () => connector.close(),
  };
}

/** What goes along with every call; undefined if it cannot. */
function metadataOf({ agentVersion, authentication }: BackendOptions): Readonly<Record<string, string>> | undefined {
  if (authentication === undefined) return { 'agent-version': agentVersion };
  return /^[ -~]*$/.test(authentication) ? { 'agent-version': agentVersion, authentication } : undefined;
}
