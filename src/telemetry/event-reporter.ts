import { randomUUID } from 'node:crypto';
import { startDeadline } from '../base/deadline';
import { Loop } from '../base/loop';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Outcome } from '../base/outcome';
import type { LifecycleEvent } from '../model/telemetry';

/** What the event reporter needs of a backend; a client of `protocol` fits it by shape. */
interface EventApi {
  /** @returns `failed` with UNIMPLEMENTED where the backend takes no events */
  send(events: readonly LifecycleEvent[], signal: AbortSignal): Promise<Outcome<undefined>>;
  /** For a process that ends now: hands them to the operating system, and waits for nothing. */
  sendNow(events: readonly LifecycleEvent[]): void;
}

interface EventReporterOptions {
  readonly api: EventApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds since 1970, when the agent was started. */
  readonly startedAt: number;
  /** The versions of the agent and of Node.js. */
  readonly versions: string;
}

/** How the process ends, as far as it is known. */
export interface ProcessEnd {
  /** That came. */
  readonly signal: string | undefined;
  /** The application stopped the agent; the process goes on. */
  readonly isStop: boolean;
  /** Undefined: it ends by the signal. */
  readonly exitCode: number | undefined;
  /** The last one that nothing caught, on one line. */
  readonly exception: string | undefined;
  /** The process ends of it. */
  readonly isCrash: boolean;
}

const RETRY_MS = 20_000;

/** Tells a backend that takes events, 8.5 and later, that this process has started, and how it ends. Each is sent once. */
export class EventReporter {
  private readonly loop: Loop;
  private readonly start: LifecycleEvent;
  private connection = 0;
  private isConnected = false;
  /** The connection whose backend takes no events. */
  private refusedBy: number | undefined;
  private isStartReported = false;
  private isEndReported = false;

  constructor(private readonly options: EventReporterOptions) {
    const { clock, log, startedAt, versions } = options;
    this.start = {
      ...{ uuid: randomUUID(), name: 'Start', isError: false, message: `${versions}, pid ${process.pid}` },
      parameters: [['pid', String(process.pid)]],
      startTime: Math.round(clock.now() - process.uptime() * 1_000),
      endTime: startedAt,
    };
    this.loop = new Loop({ name: 'events', clock, log, turn: (signal) => this.turn(signal) });
  }

  /**
   * A backend is connected that may take events. Twice is once.
   * @param connection its number
   */
  connected(connection: number): void {
    if (this.isConnected && connection === this.connection) return;
    this.connection = connection;
    this.isConnected = true;
    this.loop.wake();
  }

  /** No backend is connected; a call under way is aborted. */
  disconnected(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.loop.interrupt();
  }

  /** Settles within `ms`. */
  async reportEnd(end: ProcessEnd, ms: number): Promise<void> {
    const events = this.takeEnd(end);
    if (!events) return;
    const bound = startDeadline(this.options.clock, ms);
    await this.options.api.send(events, bound.signal);
    bound.dispose();
  }

  /** Hands it to the operating system, and waits for nothing. */
  reportEndSync(end: ProcessEnd): void {
    const events = this.takeEnd(end);
    if (events) this.options.api.sendNow(events);
  }

  async stop(): Promise<void> {
    this.isConnected = false;
    await this.loop.stop();
  }

  /** A process that ends soon may not have heard yet that its start was taken: the backend makes one of both. */
  private takeEnd(end: ProcessEnd): readonly LifecycleEvent[] | undefined {
    if (!this.isConnected || this.isEndReported || this.refusedBy === this.connection) return undefined;
    this.isEndReported = true;
    const event = endOf(end, this.options.clock.now());
    return this.isStartReported ? [event] : [this.start, event];
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const { connection, options } = this;
    if (!this.isConnected || this.isStartReported || this.refusedBy === connection) return Infinity;
    const outcome = await options.api.send([this.start], signal);
    if (outcome.status === 'ok') {
      this.isStartReported = true;
      return Infinity;
    }
    if (outcome.status === 'failed' && outcome.code === 'UNIMPLEMENTED') {
      // Not every 8 has this service, and none where its module is switched off; the next backend may be another one.
      this.refusedBy = connection;
      return Infinity;
    }
    options.log.debug(`events: ${outcome.reason}`);
    return RETRY_MS;
  }
}

function endOf({ signal, isStop, exitCode, exception, isCrash }: ProcessEnd, now: number): LifecycleEvent {
  const isFailure = isCrash || (signal === undefined && (exitCode ?? 0) !== 0);
  const message = isCrash
    ? [exception]
    : [
        signal,
        isStop && 'agent.stop()',
        exitCode !== undefined && `exit code ${exitCode}`,
        isFailure && exception && `after ${exception}`,
      ];
  return {
    ...{ uuid: randomUUID(), name: isCrash ? 'Crash' : 'Shutdown', isError: isFailure },
    message: message.filter(Boolean).join(', '),
    parameters: [['pid', String(process.pid)]],
    ...{ startTime: now, endTime: now },
  };
}
