import { startDeadline } from '../base/deadline';
import { ok, type Outcome, retryable } from '../base/outcome';
import { errorMessage } from '../base/text';
import { matchesDialect, type Names } from '../model/names';
import type { LifecycleEvent, LogLine, Meter } from '../model/telemetry';
import type { BackendConnection } from '../transport/backend-connection';
import type { BackendOptions } from '../transport/backend-options';
import { formatFrame } from '../transport/call/frame';
import { toOutcome } from '../transport/call/grpc-status';
import { StreamCall, writeSync } from '../transport/call/stream-call';
import { CALL_MS } from '../transport/call/unary-call';
import type { Connector } from '../transport/connector';
import { PROTOCOLS } from './detect';
import type { TelemetryCodec, TelemetryMethod } from './protocol';

type Encode = (codec: TelemetryCodec, names: Names) => readonly Uint8Array[];

interface Route {
  readonly connection: BackendConnection;
  readonly path: string;
  frames(encode: Encode): Buffer;
}

/**
 * Sends what a backend may know beside the segments, over the session that they go by. It never connects, and nothing
 * it is told loses the connection.
 */
export class TelemetryClient {
  /** How the process is. */
  readonly meters = {
    send: (meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>> =>
      this.send('meters', (codec, names) => meters.map((meter) => codec.encodeMeter(meter, time, names)), signal),
  };
  /** What a log says. */
  readonly logs = {
    send: (lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>> =>
      this.send('logs', (codec, names) => lines.map((line) => codec.encodeLog(line, names)), signal),
  };
  /** What happened to this instance. */
  readonly events = {
    send: (events: readonly LifecycleEvent[], signal: AbortSignal): Promise<Outcome<undefined>> =>
      this.send('events', encoding(events), signal),
    sendNow: (events: readonly LifecycleEvent[]): void => this.sendNow('events', encoding(events)),
  };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
  ) {}

  /** All messages by one stream, under the names of now. */
  private async send(method: TelemetryMethod, encode: Encode, signal: AbortSignal): Promise<Outcome<undefined>> {
    const route = this.route(method);
    if (!route) return retryable('not connected, or the backend takes none');
    let call: StreamCall;
    try {
      call = new StreamCall(route.connection, route.path);
    } catch (error) {
      return retryable(errorMessage(error));
    }
    const bound = startDeadline(this.options.clock, CALL_MS, signal);
    bound.signal.addEventListener('abort', () => call.cancel('CANCELLED', bound.reason));
    if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
    call.end(route.frames(encode));
    const { name, details } = await call.ended;
    bound.dispose();
    return name === 'OK' ? ok(undefined) : toOutcome(name, details);
  }

  /** For a process that ends now: hands the messages to the operating system. */
  private sendNow(method: TelemetryMethod, encode: Encode): void {
    const route = this.route(method);
    if (route) writeSync(route.connection, route.path, route.frames(encode));
  }

  /** The way to the backend that is connected; undefined: there is none, or it takes nothing of this kind. */
  private route(method: TelemetryMethod): Route | undefined {
    const connection = this.connector.current;
    const names = this.options.names();
    const dialect = connection?.dialect;
    // After a change of backends the names of the one before may still be there.
    if (!connection || !dialect || !matchesDialect(names, dialect)) return undefined;
    const { telemetry } = PROTOCOLS[names.protocol];
    if (!telemetry) return undefined;
    const frames = (encode: Encode): Buffer => Buffer.concat(encode(telemetry, names).map(formatFrame));
    return { connection, path: telemetry.methods(dialect)[method], frames };
  }
}

function encoding(events: readonly LifecycleEvent[]): Encode {
  return (codec, names) => events.map((event) => codec.encodeEvent(event, names));
}
