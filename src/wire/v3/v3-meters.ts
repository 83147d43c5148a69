import { messageOf } from '../../base/errors';
import { ok, retryable, type Outcome } from '../../base/outcome';
import type { BackendOptions } from '../backend-options';
import { formatFrame } from '../call/frame';
import { refusal } from '../call/grpc-status';
import { limit } from '../call/limit';
import { StreamCall } from '../call/stream-call';
import { CALL_MS } from '../call/unary-call';
import type { Connector } from '../link/connector';
import { encodeMeter, type Meter } from './encode-meter';
import { v3Paths } from './paths';

/** Sends meters over the session that the segments go by. It never connects, and nothing it is told loses the link. */
export class V3Meters {
  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  async send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>> {
    const link = this.connector.current;
    const names = this.options.names();
    if (!link?.dialect || names?.protocol !== 'v3') return retryable('not connected');
    let call: StreamCall;
    try {
      call = new StreamCall(link, v3Paths(link.dialect).collectMeters, this.metadata);
    } catch (error) {
      return retryable(messageOf(error));
    }
    const bound = limit(this.options.clock, CALL_MS, signal);
    bound.signal.addEventListener('abort', () => call.cancel('CANCELLED', bound.reason));
    if (bound.signal.aborted) call.cancel('CANCELLED', bound.reason);
    call.end(Buffer.concat(meters.map((meter) => formatFrame(encodeMeter(meter, time, names)))));
    const { name, details } = await call.ended;
    bound.lift();
    return name === 'OK' ? ok(undefined) : refusal(name, details);
  }
}
