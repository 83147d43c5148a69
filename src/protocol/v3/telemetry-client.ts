import { errorMessage } from '../../base/text';
import { ok, retryable, type Outcome } from '../../base/outcome';
import type { BackendOptions } from '../../transport/backend-options';
import { formatFrame } from '../../transport/call/frame';
import { toOutcome } from '../../transport/call/grpc-status';
import { startDeadline } from '../../base/deadline';
import { StreamCall } from '../../transport/call/stream-call';
import { CALL_MS } from '../../transport/call/unary-call';
import type { Connector } from '../../transport/connector';
import type { V3Names } from '../../model/names';
import { v3Paths } from './management-messages';
import { encodeMeter, encodeLog } from './telemetry-messages';
import type { Meter, LogLine } from '../../model/telemetry';

/**
 * Sends what a v3 backend may know beside the segments, over the session that they go by. It never connects, and nothing
 * it is told loses the link.
 */
export class TelemetryClient {
  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
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
    if (!link || dialect?.protocol !== 'v3' || names?.protocol !== 'v3') return retryable('not connected');
    let call: StreamCall;
    try {
      call = new StreamCall(link, v3Paths(dialect)[method]);
    } catch (error) {
      return retryable(errorMessage(error));
    }
    const bound = startDeadline(this.options.clock, CALL_MS, signal);
    bound.signal.addEventListener('abort', () => call.cancel('CANCELLED', bound.reason));
    if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
    call.end(Buffer.concat(encode(names).map(formatFrame)));
    const { name, details } = await call.ended;
    bound.dispose();
    return name === 'OK' ? ok(undefined) : toOutcome(name, details);
  }
}

/** How the process is. */
export class MeterClient {
  constructor(private readonly telemetry: TelemetryClient) {}

  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>> {
    const encode: Parameters<TelemetryClient['send']>[1] = (names) =>
      meters.map((meter) => encodeMeter(meter, time, names));
    return this.telemetry.send('collectMeters', encode, signal);
  }
}

/** What the agent's own log says. */
export class LogClient {
  constructor(private readonly telemetry: TelemetryClient) {}

  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.telemetry.send('collectLogs', (names) => lines.map((line) => encodeLog(line, names)), signal);
  }
}
