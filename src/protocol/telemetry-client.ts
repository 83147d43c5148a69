import { errorMessage } from '../base/text';
import { ok, retryable, type Outcome } from '../base/outcome';
import type { BackendOptions } from '../transport/backend-options';
import { formatFrame } from '../transport/call/frame';
import { toOutcome } from '../transport/call/grpc-status';
import { startDeadline } from '../base/deadline';
import { StreamCall } from '../transport/call/stream-call';
import { CALL_MS } from '../transport/call/unary-call';
import type { Connector } from '../transport/connector';
import { matchesDialect, type Names } from '../model/names';
import type { TelemetryCodec } from './protocol';
import { PROTOCOLS } from './protocols';
import type { Meter, LogLine } from '../model/telemetry';

/**
 * Sends what a backend may know beside the segments, over the session that they go by. It never connects, and nothing
 * it is told loses the link.
 */
export class TelemetryClient {
  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
  ) {}

  /** All messages by one stream, under the names of now. */
  async send(
    method: 'meters' | 'logs',
    encode: (codec: TelemetryCodec, names: Names) => readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const link = this.connector.current;
    const names = this.options.names();
    const dialect = link?.dialect;
    // After a change of backends the names of the one before may still be there.
    if (!link || !dialect || !matchesDialect(names, dialect)) return retryable('not connected');
    const { telemetry } = PROTOCOLS[names.protocol];
    if (!telemetry) return retryable('the backend takes none');
    let call: StreamCall;
    try {
      call = new StreamCall(link, telemetry.methods(dialect)[method]);
    } catch (error) {
      return retryable(errorMessage(error));
    }
    const bound = startDeadline(this.options.clock, CALL_MS, signal);
    bound.signal.addEventListener('abort', () => call.cancel('CANCELLED', bound.reason));
    if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
    call.end(Buffer.concat(encode(telemetry, names).map(formatFrame)));
    const { name, details } = await call.ended;
    bound.dispose();
    return name === 'OK' ? ok(undefined) : toOutcome(name, details);
  }
}

/** How the process is. */
export class MeterClient {
  constructor(private readonly telemetry: TelemetryClient) {}

  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.telemetry.send(
      'meters',
      (codec, names) => meters.map((meter) => codec.encodeMeter(meter, time, names)),
      signal,
    );
  }
}

/** What the agent's own log says. */
export class LogClient {
  constructor(private readonly telemetry: TelemetryClient) {}

  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.telemetry.send('logs', (codec, names) => lines.map((line) => codec.encodeLog(line, names)), signal);
  }
}
