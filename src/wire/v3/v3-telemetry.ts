import { messageOf } from '../../base/errors';
import { ok, retryable, type Outcome } from '../../base/outcome';
import type { BackendOptions } from '../backend-options';
import { formatFrame } from '../call/frame';
import { refusal } from '../call/grpc-status';
import { limit } from '../call/limit';
import { StreamCall } from '../call/stream-call';
import { CALL_MS } from '../call/unary-call';
import type { Connector } from '../link/connector';
import type { V3Names } from '../names';
import { v3Paths } from './paths';

/**
 * Sends what a v3 backend may know beside the segments, over the session that they go by. It never connects, and nothing
 * it is told loses the link.
 */
export class V3Telemetry {
  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** All messages by one stream, under the names of now. */
  async send(
    method: 'collectLogs' | 'collectMeters',
    encode: (names: V3Names) => readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const link = this.connector.current;
    const names = this.options.names();
    const dialect = link?.dialect;
    // After a change of backends the names of the one before may still be there.
    if (!link || !dialect || dialect === 'v2' || names?.protocol !== 'v3') return retryable('not connected');
    let call: StreamCall;
    try {
      call = new StreamCall(link, v3Paths(dialect)[method], this.metadata);
    } catch (error) {
      return retryable(messageOf(error));
    }
    const bound = limit(this.options.clock, CALL_MS, signal);
    bound.signal.addEventListener('abort', () => call.cancel('CANCELLED', bound.reason));
    if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
    call.end(Buffer.concat(encode(names).map(formatFrame)));
    const { name, details } = await call.ended;
    bound.lift();
    return name === 'OK' ? ok(undefined) : refusal(name, details);
  }
}
