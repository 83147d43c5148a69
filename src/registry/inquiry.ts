import type { Clock } from '../base/clock';
import type { Outcome } from '../base/outcome';
import { Health } from './health';
import { Pace } from './pace';
import type { RegistryApi } from './registry-api';

export interface InquiryOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly serviceName: string;
  readonly instanceName: string;
  readonly properties: readonly (readonly [key: string, value: string])[];
}

export type IdOutcome = Promise<Outcome<number | undefined>>;
export type IdsOutcome = Promise<Outcome<ReadonlyMap<string, number>>>;

/** However often we are reset or refused, a backend is asked no more than this. Heartbeats come on top. */
const PACE = { most: 20, windowMs: 5_000 };

/** Asks the backend on behalf of one instance: at a bearable pace, and with an eye on how the answers go. */
export class Inquiry {
  readonly health: Health;
  private readonly pace: Pace;

  constructor(private readonly options: InquiryOptions) {
    this.health = new Health(options.clock);
    this.pace = new Pace(options.clock, PACE);
  }

  /** Milliseconds until the next question (heartbeats aside) may be asked; 0: now. */
  waitMs(): number {
    return this.pace.waitMs();
  }

  serviceId(signal: AbortSignal): IdOutcome {
    return this.ask(() => this.options.api.registerService(this.options.serviceName, signal));
  }

  instanceId(serviceId: number, signal: AbortSignal): IdOutcome {
    const { api, clock, instanceName, properties } = this.options;
    return this.ask(() => api.registerInstance({ serviceId, instanceName, time: clock.now(), properties }, signal));
  }

  networkAddresses(names: readonly string[], signal: AbortSignal): IdsOutcome {
    return this.ask(() => this.options.api.registerNetworkAddresses(names, signal));
  }

  endpoints(serviceId: number, names: readonly string[], signal: AbortSignal): IdsOutcome {
    return this.ask(() => this.options.api.registerEndpoints(serviceId, names, signal));
  }

  heartbeat(instanceId: number, signal: AbortSignal): Promise<Outcome<{ readonly reset: boolean }>> {
    const { api, clock, instanceName } = this.options;
    return this.watch(api.heartbeat({ instanceId, instanceName, time: clock.now() }, signal));
  }

  private ask<T>(question: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    this.pace.note();
    return this.watch(question());
  }

  private async watch<T>(answer: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await answer;
    if (outcome.status === 'ok') this.health.ok();
    else this.health.failed(outcome.reason);
    return outcome;
  }
}
