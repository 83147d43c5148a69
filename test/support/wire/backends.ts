import type { Clock } from '../../../src/base/clock';
import { Log } from '../../../src/base/log';
import type { Logger } from '../../../src/api/options';
import { createBackend, type Backend } from '../../../src/protocol/backend';
import type { BackendOptions } from '../../../src/transport/backend-options';
import type { V2Names } from '../../../src/model/names';
import { someNames } from './names';

export const never: AbortSignal = new AbortController().signal;

/** A clock whose timers are `speed` times as fast; those that are running keep the speed that they were made with. */
export interface ClockOfSpeed extends Clock {
  speed: number;
}

export function clockOfSpeed(speed: number): ClockOfSpeed {
  return {
    speed,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    random: () => 0,
    after(ms, fn) {
      const timer = setTimeout(fn, ms / this.speed).unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

/** What tests made, to be closed after each of them. */
export class Backends {
  readonly doubts: string[] = [];
  readonly loadErrors: Error[] = [];
  readonly lines: string[] = [];
  names: V2Names | undefined = someNames();
  /** The link over which `names` were confirmed; 0: none. */
  confirmedOn = 0;
  private readonly made: Backend[] = [];

  /** To these ports of this machine. */
  to(ports: number | readonly number[], options: Partial<BackendOptions> = {}): Backend {
    const clock = options.clock ?? clockOfSpeed(1);
    const say = (line: string): void => void this.lines.push(line);
    const logger: Logger = { error: say, warn: say, info: say, debug: say };
    const backend = createBackend({
      addresses: [ports].flat().map((port) => ({ host: '127.0.0.1', port })),
      agentVersion: '0.1.0',
      serviceName: 'orders',
      v3Instance: { serviceName: 'orders', instanceName: 'orders-1' },
      // So that a test sees its own questions only; what finds the protocol out has tests of its own.
      protocol: 'v2',
      clock,
      log: new Log(clock, logger, 'debug'),
      names: () => this.names,
      confirmedOn: () => this.confirmedOn,
      onLoadError: (error) => this.loadErrors.push(error),
      // As the agent does.
      onIdentityMismatch: (reason, epoch) => {
        if (epoch === this.names?.epoch) this.doubts.push(reason);
      },
      ...options,
    });
    this.made.push(backend);
    return backend;
  }

  async close(): Promise<void> {
    await Promise.all(this.made.map((backend) => backend.close()));
  }
}
