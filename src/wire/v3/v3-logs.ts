import type { Outcome } from '../../base/outcome';
import { encodeLog, type LogLine } from './encode-log';
import type { V3Telemetry } from './v3-telemetry';

/** What the agent's own log says. */
export class V3Logs {
  constructor(private readonly telemetry: V3Telemetry) {}

  send(lines: readonly LogLine[], signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.telemetry.send('collectLogs', (names) => lines.map((line) => encodeLog(line, names)), signal);
  }
}
