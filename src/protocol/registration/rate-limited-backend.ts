import type { HeartbeatStatus } from '../../api/status';
import type { Clock } from '../../base/clock';
import { isPlanned, type Outcome } from '../../base/outcome';
import { toIso } from '../../base/time';
import type { Configuration, InstanceName } from '../../model/registration';
import { v3InstanceName } from '../v3/names';
import type { BackendApi } from './backend-api';

/** How the conversation with the backend goes. */
class Health {
  private lastOkAt: number | undefined;
  private failures = 0;
  private lastError: string | null = null;

  constructor(private readonly clock: Clock) {}

  ok(): void {
    this.lastOkAt = this.clock.now();
    this.failures = 0;
    this.lastError = null;
  }

  failed(reason: string): void {
    this.failures++;
    this.lastError = reason;
  }

  status(): HeartbeatStatus {
    const { lastOkAt, failures, lastError } = this;
    return { lastOkAt: lastOkAt === undefined ? null : toIso(lastOkAt), failures, lastError };
  }
}

interface RateLimiterOptions {
  /** The most questions … */
  readonly most: number;
  /** … in any window of this length. */
  readonly windowMs: number;
}

/** Keeps a backend from being asked too often, whatever state we are in and however often it changes. */
class RateLimiter {
  private readonly times: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly options: RateLimiterOptions,
  ) {}

  /** Milliseconds until the next question is allowed, or that many in a row; 0: now. */
  waitMs(questions = 1): number {
    const { most, windowMs } = this.options;
    const oldest = this.times[this.times.length - most + questions - 1];
    return oldest === undefined ? 0 : Math.max(0, oldest + windowMs - this.clock.elapsed());
  }

  /** A question is asked now. */
  acquire(): void {
    this.times.push(this.clock.elapsed());
    if (this.times.length > this.options.most) this.times.shift();
  }
}

export interface RateLimitedBackendOptions {
  readonly api: BackendApi;
  readonly clock: Clock;
  readonly serviceName: string;
  readonly instanceName: string;
  /** What is shown of the instance, as v2 backends want it called. */
  v2Properties(): readonly (readonly [key: string, value: string])[];
  /** The same as v3 backends want it called. */
  v3Properties(): readonly (readonly [key: string, value: string])[];
}

type IdOutcome = Promise<Outcome<number | undefined>>;
export type IdsOutcome = Promise<Outcome<ReadonlyMap<string, number>>>;

/**
 * However often we are reset or refused, a backend is asked for our ids no more often than this. Names have a pace of
 * their own, so that many new ones never delay a registration; heartbeats come on top.
 */
const PACE = { most: 20, windowMs: 5_000 };

/** The backend as one instance asks it: within the rate limits, and with an eye on how the answers go. */
export class RateLimitedBackend {
  readonly health: Health;
  private readonly idPace: RateLimiter;
  private readonly namePace: RateLimiter;
  /** As a v3 backend is to know us. */
  readonly v3Instance: InstanceName;

  constructor(private readonly options: RateLimitedBackendOptions) {
    this.v3Instance = v3InstanceName(options);
    this.health = new Health(options.clock);
    this.idPace = new RateLimiter(options.clock, PACE);
    this.namePace = new RateLimiter(options.clock, PACE);
  }

  /** Milliseconds until our own ids may be asked for, by that many questions in a row; 0: now. */
  idWaitMs(questions = 1): number {
    return this.idPace.waitMs(questions);
  }

  /** Milliseconds until names may be asked for; 0: now. */
  nameWaitMs(): number {
    return this.namePace.waitMs();
  }

  serviceId(signal: AbortSignal): IdOutcome {
    return this.ask(this.idPace, () => this.options.api.v2.registerService(this.options.serviceName, signal));
  }

  instanceId(serviceId: number, signal: AbortSignal): IdOutcome {
    const { api, clock, instanceName } = this.options;
    const properties = this.options.v2Properties();
    return this.ask(this.idPace, () =>
      api.v2.registerInstance({ serviceId, instanceName, time: clock.now(), properties }, signal),
    );
  }

  networkAddresses(names: readonly string[], signal: AbortSignal): IdsOutcome {
    return this.ask(this.namePace, () => this.options.api.v2.registerNetworkAddresses(names, signal));
  }

  endpoints(serviceId: number, names: readonly string[], signal: AbortSignal): IdsOutcome {
    return this.ask(this.namePace, () => this.options.api.v2.registerEndpoints(serviceId, names, signal));
  }

  heartbeat(instanceId: number, signal: AbortSignal): Promise<Outcome<{ readonly reset: boolean }>> {
    const { api, clock, instanceName } = this.options;
    return this.watch(api.v2.heartbeat({ instanceId, instanceName, time: clock.now() }, signal));
  }

  /** All of the instance. Its properties alone would belong to a service that is not listed (OAP 10.1). */
  async reportInstance(signal: AbortSignal): Promise<Outcome<undefined>> {
    const alive = await this.keepAlive(signal);
    return alive.status === 'ok' ? this.reportProperties(signal) : alive;
  }

  private reportProperties(signal: AbortSignal): Promise<Outcome<undefined>> {
    const { api } = this.options;
    const properties = this.options.v3Properties();
    return this.ask(this.idPace, () => api.v3.reportInstanceProperties(this.v3Instance, properties, signal));
  }

  keepAlive(signal: AbortSignal): Promise<Outcome<undefined>> {
    return this.watch(this.options.api.v3.keepAlive(this.v3Instance, signal));
  }

  /** No sign of life: a backend may lack the service, or refuse it, and be well. */
  configuration(uuid: string, signal: AbortSignal): Promise<Outcome<Configuration | undefined>> {
    return this.options.api.v3.fetchConfiguration(this.v3Instance.serviceName, uuid, signal);
  }

  private ask<T>(pace: RateLimiter, question: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    pace.acquire();
    return this.watch(question());
  }

  private async watch<T>(answer: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await answer;
    if (outcome.status === 'ok') this.health.ok();
    else if (!isPlanned(outcome)) this.health.failed(outcome.reason);
    return outcome;
  }
}
