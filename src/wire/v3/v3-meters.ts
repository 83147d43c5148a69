import type { Outcome } from '../../base/outcome';
import { encodeMeter, type Meter } from './encode-meter';
import type { V3Telemetry } from './v3-telemetry';

/** How the process is. */
export class V3Meters {
  constructor(private readonly telemetry: V3Telemetry) {}

  send(meters: readonly Meter[], time: number, signal: AbortSignal): Promise<Outcome<undefined>> {
    const encode: Parameters<V3Telemetry['send']>[1] = (names) =>
      meters.map((meter) => encodeMeter(meter, time, names));
    return this.telemetry.send('collectMeters', encode, signal);
  }
}
