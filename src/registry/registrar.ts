import { Backoff } from '../base/backoff';
import type { Clock } from '../base/clock';
import { iso } from '../base/iso';
import type { Log } from '../base/log';
import { Loop } from '../base/loop';
import type { Outcome } from '../base/outcome';
import { Dictionary } from './dictionary';
import type { HeartbeatStatus } from './health';
import { type IdsOutcome, Inquiry, type InquiryOptions } from './inquiry';
import { type Registration, type RegistrationEvent, transition, unregistered } from './machine';
import { Waiters } from './waiters';

export interface RegistrarOptions extends InquiryOptions {
  readonly log: Log;
  readonly heartbeatMs: number;
  /** Something that `status()` shows has changed. */
  onChange(): void;
}

/** Ids before and after; `null` where there was none. */
export interface ResetResult {
  readonly service: { readonly from: number | null; readonly to: number };
  readonly instance: { readonly from: number | null; readonly to: number };
  readonly tookMs: number;
}

type ServiceKnown = Extract<Registration, { phase: 'service-known' }>;
type Registered = Extract<Registration, { phase: 'registered' }>;

interface Kind {
  readonly dictionary: Dictionary;
  readonly ask: (names: readonly string[], signal: AbortSignal) => IdsOutcome;
}

const ASK_AGAIN = { firstMs: 20, longestMs: 1_000 };
const RECONNECT = { firstMs: 100, longestMs: 5_000 };
/** Names that come up together are asked for together. */
const GATHER_NAMES_MS = 20;
/** Behind a proxy a connection outlives the backend's restart, so now and then we ask unprompted whether our ids are ours. */
const HEARTBEATS_A_VERIFICATION = 10;

/**
 * Keeps this instance registered with a v2 backend: one loop, at most one call in flight. "Just started", "the
 * connection came back", "the backend forgot us" and "an operator said reset" are one case: look at the state, take the
 * next step, sleep. The heartbeat is the loop's turn when registered.
 */
export class Registrar {
  readonly endpoints: Dictionary;
  readonly networkAddresses: Dictionary;

  private readonly clock: Clock;
  private readonly inquiry: Inquiry;
  private readonly loop: Loop;
  private readonly askAgain: Backoff;
  private readonly reconnect: Backoff;
  /** The one asked for last is last, so that neither starves the other at the pace we keep. */
  private readonly kinds: Kind[];
  private readonly waiters = new Waiters();

  private registration: Registration = unregistered;
  private reason = 'start';
  private since: number;
  /** The ids of the last completed registration; a reset that finds us between two still tells where it came from. */
  private lastIds: { readonly serviceId: number; readonly instanceId: number } | undefined;

  private connectionNumber = 0;
  /** Our ids are those that this connection's backend has for our names, as far as anybody knows. */
  private isVerified = false;
  private isVerificationDue = false;
  /** The answer whether the backend knew our instance got lost, and by asking we may have made it know us. */
  private isAnswerLost = false;
  private heartbeatsUntilVerification = HEARTBEATS_A_VERIFICATION;
  private heartbeatDueAt = 0;

  constructor(private readonly options: RegistrarOptions) {
    const { clock, log } = options;
    this.clock = clock;
    this.since = clock.now();
    this.inquiry = new Inquiry(options);
    this.askAgain = new Backoff(clock, ASK_AGAIN);
    this.reconnect = new Backoff(clock, RECONNECT);
    const onAdmit = () => {
      if (this.isSound) this.loop.wake(GATHER_NAMES_MS);
    };
    this.endpoints = new Dictionary(clock, onAdmit);
    this.networkAddresses = new Dictionary(clock, onAdmit);
    this.kinds = [
      { dictionary: this.networkAddresses, ask: (names, signal) => this.inquiry.networkAddresses(names, signal) },
      { dictionary: this.endpoints, ask: (names, signal) => this.inquiry.endpoints(this.ownServiceId, names, signal) },
    ];
    this.loop = new Loop({ name: 'registration', clock, log, turn: (signal) => this.turn(signal) });
  }

  start(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    this.waiters.stop();
    await this.loop.stop();
  }

  get state(): Registration {
    return this.registration;
  }

  /** Registered, and nothing gives cause to doubt that our ids are ours. */
  get isSound(): boolean {
    return this.registration.phase === 'registered' && this.isVerified;
  }

  status() {
    const { phase, epoch } = this.registration;
    return {
      phase,
      epoch,
      serviceId: 'serviceId' in this.registration ? this.registration.serviceId : null,
      instanceId: 'instanceId' in this.registration ? this.registration.instanceId : null,
      since: iso(this.since),
      reason: this.reason,
    };
  }

  heartbeatStatus(): HeartbeatStatus {
    return this.inquiry.health.status();
  }

  /**
   * Forgets service id, instance id and both dictionaries, gives up the call in flight and registers anew. Resolves when
   * registered again, however long that takes; rejects with `STOPPED`.
   */
  async reset(reason: string): Promise<ResetResult> {
    const startedAt = this.clock.elapsed();
    const from = this.lastIds;
    this.forget(reason);
    this.loop.interrupt();
    const to = await this.registered();
    return {
      service: { from: from?.serviceId ?? null, to: to.serviceId },
      instance: { from: from?.instanceId ?? null, to: to.instanceId },
      tookMs: Math.round(this.clock.elapsed() - startedAt),
    };
  }

  /** Resolves once registered, in this epoch or a later one; rejects with `STOPPED`. */
  async registered(): Promise<Registered> {
    while (this.registration.phase !== 'registered') await this.waiters.wait();
    return this.registration;
  }

  /** Somebody found a sign that our ids may no longer be ours; until they are compared, nothing uses them. */
  doubt(reason: string): void {
    if (!this.isSound) return;
    this.options.log.info(`asking the backend whether our ids are still ours: ${reason}`);
    this.isVerified = false;
    this.loop.wake();
  }

  /** The connection is gone: do not wait for the next heartbeat to find out. */
  disconnected(): void {
    if (!this.isSound) return;
    this.isVerified = false;
    this.loop.wake(this.reconnect.next());
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const connection = await this.options.api.connect(signal);
    if (signal.aborted) return 0;
    if (connection.status !== 'ok') {
      this.inquiry.health.failed(connection.reason);
      return this.lost(connection.reason);
    }
    if (connection.value.number !== this.connectionNumber) {
      this.connectionNumber = connection.value.number;
      this.isVerified = false;
      this.askAgain.reset();
      this.options.onChange();
    }
    const { epoch } = this.registration;
    const waitMs = await this.step(signal);
    // When to go on was thought out for the epoch of before.
    return epoch === this.registration.epoch ? waitMs : 0;
  }

  private async step(signal: AbortSignal): Promise<number> {
    const state = this.registration;
    const pacedMs = this.inquiry.idWaitMs();
    switch (state.phase) {
      case 'unregistered':
        return pacedMs || this.registerService(state, signal);
      case 'service-known':
        return pacedMs || this.registerInstance(state, signal);
      case 'registered':
        if (!this.isVerified) return pacedMs || this.verify(state, signal);
        if (this.heartbeatInMs() === 0) return this.beat(state, signal);
        if (this.isVerificationDue && pacedMs === 0) return this.verify(state, signal);
        return this.syncDictionaries(signal);
    }
  }

  private async registerService({ epoch }: Registration, signal: AbortSignal): Promise<number> {
    const outcome = await this.inquiry.serviceId(signal);
    if (epoch !== this.registration.epoch) return 0;
    if (outcome.status !== 'ok') return this.refusedOrLost(outcome);
    this.reconnect.reset();
    if (outcome.value === undefined) return this.askAgain.next();
    this.become({ type: 'service-answered', epoch, serviceId: outcome.value });
    this.askAgain.reset();
    return 0;
  }

  private async registerInstance({ epoch, serviceId }: ServiceKnown, signal: AbortSignal): Promise<number> {
    const outcome = await this.inquiry.instanceId(serviceId, signal);
    if (epoch !== this.registration.epoch) return 0;
    if (isUnknown(outcome)) {
      this.forget(this.reason);
      return 0;
    }
    if (outcome.status !== 'ok') return this.refusedOrLost(outcome);
    if (outcome.value === undefined) return this.askAgain.next();
    this.verified();
    this.heartbeatDueAt = this.clock.elapsed();
    this.become({ type: 'instance-answered', epoch, instanceId: outcome.value });
    this.askAgain.reset();
    return 0;
  }

  /**
   * Registering is idempotent and authoritative: the same names always get their current ids, so asking again tells
   * whether ours are still ours. A heartbeat does not: the backend looks up the integer alone, and after a wipe that may
   * be somebody else's.
   */
  private async verify({ epoch, serviceId, instanceId }: Registered, signal: AbortSignal): Promise<number> {
    const service = await this.inquiry.serviceId(signal);
    if (epoch !== this.registration.epoch) return 0;
    if (service.status !== 'ok') return this.refusedOrLost(service);
    this.reconnect.reset();
    // Empty: it had to create us, so its storage was cleared. That the same ids may come back proves nothing: those of
    // endpoints and addresses are gone as well. A backend that has its storage never answers a known name without its
    // id, not even in its first second, when it drops new ones (OAP 6.5).
    if (service.value !== serviceId) return this.disown();

    const instance = await this.inquiry.instanceId(serviceId, signal);
    if (epoch !== this.registration.epoch) return 0;
    if (isUnknown(instance)) return this.disown();
    if (instance.status !== 'ok') {
      this.isAnswerLost = true;
      return this.refusedOrLost(instance);
    }
    if (instance.value !== instanceId || this.isAnswerLost) return this.disown();

    this.verified();
    this.askAgain.reset();
    this.options.onChange();
    return 0;
  }

  private verified(): void {
    this.isVerified = true;
    this.isVerificationDue = false;
    this.heartbeatsUntilVerification = HEARTBEATS_A_VERIFICATION;
  }

  private disown(): number {
    this.options.log.warn('the backend has not the ids for our names that it gave us; registering anew');
    this.forget('verification');
    return 0;
  }

  private async beat({ epoch, instanceId }: Registered, signal: AbortSignal): Promise<number> {
    this.heartbeatDueAt = this.clock.elapsed() + this.options.heartbeatMs;
    const outcome = await this.inquiry.heartbeat(instanceId, signal);
    if (epoch !== this.registration.epoch) return 0;
    if (outcome.status !== 'ok') return this.refusedOrLost(outcome);
    this.reconnect.reset();
    if (outcome.value.reset) {
      this.options.log.warn('the backend does not know this instance any more; registering anew');
      this.forget('backend');
      return 0;
    }
    if (--this.heartbeatsUntilVerification <= 0) this.isVerificationDue = true;
    this.options.onChange();
    return this.nextMs();
  }

  private async syncDictionaries(signal: AbortSignal): Promise<number> {
    const { epoch } = this.registration;
    for (const kind of [...this.kinds]) {
      const { dictionary, ask } = kind;
      if (dictionary.dueInMs() > 0) continue;
      const pacedMs = this.inquiry.nameWaitMs();
      if (pacedMs > 0) return Math.min(pacedMs, this.heartbeatInMs());
      this.kinds.sort((one, other) => Number(one === kind) - Number(other === kind));
      const names = dictionary.batch();
      const outcome = await ask(names, signal);
      if (epoch !== this.registration.epoch) return 0;
      if (outcome.status === 'failed') dictionary.refuse(names);
      if (outcome.status !== 'ok') return this.refusedOrLost(outcome);
      dictionary.learn(names, outcome.value);
      this.options.onChange();
    }
    return this.nextMs();
  }

  private nextMs(): number {
    if (!this.isVerified) return this.inquiry.idWaitMs();
    if (this.isVerificationDue) return Math.min(this.inquiry.idWaitMs(), this.heartbeatInMs());
    return Math.min(this.heartbeatInMs(), ...this.kinds.map(({ dictionary }) => dictionary.dueInMs()));
  }

  private heartbeatInMs(): number {
    return Math.max(0, this.heartbeatDueAt - this.clock.elapsed());
  }

  private get ownServiceId(): number {
    return 'serviceId' in this.registration ? this.registration.serviceId : 0;
  }

  /** What is known is forgotten: in one place and at once, whoever asked for it. */
  private forget(reason: string): void {
    this.reason = reason;
    this.isVerified = false;
    this.isAnswerLost = false;
    this.endpoints.clear();
    this.networkAddresses.clear();
    this.become({ type: 'forgotten' });
  }

  private become(event: RegistrationEvent): void {
    const before = this.registration;
    this.registration = transition(before, event);
    if (this.registration === before) return;
    this.since = this.clock.now();
    if (this.registration.phase === 'registered') {
      const { serviceId, instanceId } = this.registration;
      this.lastIds = { serviceId, instanceId };
      this.options.log.info(`registered: service ${serviceId}, instance ${instanceId}`);
      this.waiters.release();
    }
    this.options.onChange();
  }

  private refusedOrLost(outcome: Exclude<Outcome<unknown>, { status: 'ok' }>): number {
    if (outcome.status === 'retryable') return this.lost(outcome.reason);
    this.complain(outcome.reason);
    return this.askAgain.next();
  }

  private lost(reason: string): number {
    this.complain(reason);
    return this.reconnect.next();
  }

  private complain(reason: string): void {
    this.options.log.warn(`backend: ${reason}`, 'registrar failure');
    this.options.onChange();
  }
}

/** The handler of 6.x and 7.0 throws on a service id that it does not know: the storage was cleared in between. */
function isUnknown(outcome: Outcome<unknown>): boolean {
  return outcome.status === 'failed' && outcome.code === 'UNKNOWN';
}
