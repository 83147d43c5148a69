import type { Outcome } from '../../base/outcome';
import { DictionarySync, type DictionarySyncContext } from './dictionary-sync';
import type { HeartbeatTimer } from '../registration/heartbeat-timer';
import type { Registration } from './registration-state';
import type { Registered } from '../registration/registration-state';

type ServiceKnown = Extract<Registration, { phase: 'service-known' }>;

export interface V2RegistrationContext extends DictionarySyncContext {
  readonly heartbeat: HeartbeatTimer;
}

/** Behind a proxy a connection outlives the backend's restart, so now and then we ask unprompted whether our ids are ours. */
const HEARTBEATS_A_VERIFICATION = 10;

/** The registrar's steps with a v2 backend: ids for the service and the instance, heartbeats, two dictionaries. */
export class V2Registration {
  readonly dictionaries: DictionarySync;
  private isVerificationDue = false;
  /** The answer whether the backend knew our instance got lost, and by asking we may have made it know us. */
  private isAnswerLost = false;
  private heartbeatsUntilVerification = HEARTBEATS_A_VERIFICATION;

  constructor(private readonly parts: V2RegistrationContext) {
    this.dictionaries = new DictionarySync(parts);
  }

  forget(): void {
    this.isAnswerLost = false;
    this.dictionaries.forget();
  }

  /** @returns milliseconds until the next step */
  async step(state: Registration, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, standing } = this.parts;
    const pacedMs = inquiry.idWaitMs();
    switch (state.phase) {
      case 'unregistered':
        return pacedMs || this.registerService(state, signal);
      case 'service-known':
        return pacedMs || this.registerInstance(state, signal);
      case 'registered':
        if (!standing.isVerified) return this.verificationInMs() || this.verify(state, signal);
        if (heartbeat.dueInMs() === 0) return this.sendHeartbeat(state, signal);
        if (this.isVerificationDue && this.verificationInMs() === 0) return this.verify(state, signal);
        return (await this.dictionaries.sync(signal)) ?? this.nextMs();
    }
  }

  private async registerService({ epoch }: Registration, signal: AbortSignal): Promise<number> {
    const { inquiry, setbacks, standing } = this.parts;
    const outcome = await inquiry.serviceId(signal);
    if (epoch !== standing.epoch) return 0;
    if (outcome.status !== 'ok') return setbacks.delayAfter(outcome);
    setbacks.answered();
    if (outcome.value === undefined) return setbacks.delayWhilePending();
    standing.registration({ type: 'service-answered', epoch, serviceId: outcome.value });
    setbacks.reset();
    return 0;
  }

  private async registerInstance({ epoch, serviceId }: ServiceKnown, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, setbacks, standing } = this.parts;
    const outcome = await inquiry.instanceId(serviceId, signal);
    if (epoch !== standing.epoch) return 0;
    if (isUnknown(outcome)) {
      standing.forget();
      return 0;
    }
    if (outcome.status !== 'ok') return setbacks.delayAfter(outcome);
    if (outcome.value === undefined) return setbacks.delayWhilePending();
    this.verified();
    heartbeat.dueNow();
    standing.registration({ type: 'instance-answered', epoch, instanceId: outcome.value });
    setbacks.reset();
    return 0;
  }

  /**
   * Registering is idempotent and authoritative: the same names always get their current ids, so asking again tells
   * whether ours are still ours. A heartbeat does not: the backend looks up the integer alone, and after a wipe that may
   * be somebody else's.
   */
  private async verify({ epoch, serviceId, instanceId }: Registered, signal: AbortSignal): Promise<number> {
    const { inquiry, onChange, setbacks, standing } = this.parts;
    const service = await inquiry.serviceId(signal);
    if (epoch !== standing.epoch) return 0;
    if (service.status !== 'ok') return setbacks.delayAfter(service);
    setbacks.answered();
    // Empty: it had to create us, so its storage was cleared. That the same ids may come back proves nothing: those of
    // endpoints and addresses are gone as well. A backend that has its storage never answers a known name without its
    // id, not even in its first second, when it drops new ones (OAP 6.5).
    if (service.value !== serviceId) return this.reregister();

    const instance = await inquiry.instanceId(serviceId, signal);
    if (epoch !== standing.epoch) return 0;
    if (isUnknown(instance)) return this.reregister();
    if (instance.status !== 'ok') {
      this.isAnswerLost = true;
      return setbacks.delayAfter(instance);
    }
    if (instance.value !== instanceId || this.isAnswerLost) return this.reregister();

    const isSettled = await this.dictionaries.verifyConflicts(signal);
    if (epoch !== standing.epoch) return 0;
    if (isSettled.status === 'retryable') return setbacks.delayAfter(isSettled);
    if (isSettled.status === 'failed' || !isSettled.value) return this.reregister();

    this.verified();
    setbacks.reset();
    onChange();
    return 0;
  }

  private verified(): void {
    this.parts.standing.verified();
    this.isVerificationDue = false;
    this.heartbeatsUntilVerification = HEARTBEATS_A_VERIFICATION;
  }

  private reregister(): number {
    this.parts.log.warn('the backend has not the ids for our names that it gave us; registering anew', 'ids lost');
    this.parts.standing.forget('verification');
    return 0;
  }

  private async sendHeartbeat({ epoch, instanceId }: Registered, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, log, onChange, setbacks, standing } = this.parts;
    heartbeat.sent();
    const outcome = await inquiry.heartbeat(instanceId, signal);
    if (epoch !== standing.epoch) return 0;
    if (outcome.status !== 'ok') return setbacks.delayAfter(outcome);
    setbacks.answered();
    if (outcome.value.reset) {
      log.warn('the backend does not know this instance any more; registering anew', 'instance lost');
      standing.forget('backend');
      return 0;
    }
    if (--this.heartbeatsUntilVerification <= 0) this.isVerificationDue = true;
    onChange();
    return this.nextMs();
  }

  private nextMs(): number {
    const { heartbeat, standing } = this.parts;
    if (!standing.isVerified) return this.verificationInMs();
    if (this.isVerificationDue) return Math.min(this.verificationInMs(), heartbeat.dueInMs());
    return Math.min(heartbeat.dueInMs(), this.dictionaries.dueInMs());
  }

  /** Milliseconds until the backend may be asked for service and instance, and for what is in dispute; 0: now. */
  private verificationInMs(): number {
    return Math.max(this.parts.inquiry.idWaitMs(2), this.dictionaries.verifyInMs());
  }
}

/** The handler of 6.x and 7.0 throws on a service id that it does not know: the storage was cleared in between. */
function isUnknown(outcome: Outcome<unknown>): boolean {
  return outcome.status === 'failed' && outcome.code === 'UNKNOWN';
}
