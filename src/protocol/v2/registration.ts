import { isPlanned, ok, type Outcome } from '../../base/outcome';
import type { NameBounds, V2Names } from '../../model/names';
import { HEARTBEAT_MS, HeartbeatTimer } from '../registration/heartbeat-timer';
import type { IdsOutcome } from '../registration/rate-limited-backend';
import type { Registration, RegistrationContext } from '../registration/registration';
import type { Registered, RegistrationState } from '../registration/registration-state';
import { FAILURE_KEYS } from '../registration/retry-policy';
import { Dictionary, v2CarrierNames, v2Names } from './dictionary';
import { nameBounds } from './names';
import type { V2Identity } from './sw6/propagator';

/** One of the two dictionaries. */
interface Kind {
  readonly what: string;
  readonly dictionary: Dictionary;
  readonly ask: (names: readonly string[], signal: AbortSignal) => IdsOutcome;
}

/** The two dictionaries, and which of them asks next. */
class DictionarySync {
  readonly bounds: NameBounds;
  readonly endpoints: Dictionary;
  readonly networkAddresses: Dictionary;
  /** The one asked for last is last, so that neither starves the other at the pace we keep. */
  private readonly kinds: Kind[];

  constructor(private readonly parts: RegistrationContext) {
    const { clock, backend, log, onDue } = parts;
    this.bounds = nameBounds(log);
    this.endpoints = new Dictionary(clock, onDue);
    this.networkAddresses = new Dictionary(clock, onDue);
    this.kinds = [
      {
        what: 'network addresses',
        dictionary: this.networkAddresses,
        ask: (names, signal) => backend.networkAddresses(names, signal),
      },
      {
        what: 'endpoints',
        dictionary: this.endpoints,
        ask: (names, signal) => backend.endpoints(this.ownServiceId, names, signal),
      },
    ];
  }

  forget(): void {
    for (const { dictionary } of this.kinds) dictionary.clear();
  }

  /** Milliseconds until there is something to ask for that may be asked; 0: now; `Infinity`: nothing is. */
  dueInMs(): number {
    const dueInMs = Math.min(...this.kinds.map(({ dictionary }) => dictionary.dueInMs()));
    return Math.max(dueInMs, this.parts.backend.nameWaitMs());
  }

  /**
   * Asks for what is due.
   *
   * @returns milliseconds to wait because of what went wrong; `undefined`: nothing did
   */
  async sync(signal: AbortSignal): Promise<number | undefined> {
    return this.syncEach([...this.kinds], signal);
  }

  private async syncEach([kind, ...others]: readonly Kind[], signal: AbortSignal): Promise<number | undefined> {
    const { backend, machine, onEvent, retry } = this.parts;
    if (!kind) return undefined;
    const { dictionary, ask } = kind;
    if (dictionary.dueInMs() > 0) return this.syncEach(others, signal);
    if (backend.nameWaitMs() > 0) return undefined;
    this.kinds.sort((one, other) => Number(one === kind) - Number(other === kind));
    const names = dictionary.batch();
    return machine.guarded(ask(names, signal), (outcome) => {
      if (outcome.status === 'failed') dictionary.rejectBatch(names);
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.settled();
      dictionary.applyIds(names, outcome.value);
      if (dictionary.conflicts().length > 0) this.doubt(kind);
      onEvent({ type: 'names-answered' });
      return machine.isSound ? this.syncEach(others, signal) : undefined;
    });
  }

  /** Milliseconds until `verifyConflicts` may ask; 0: now, or it need not. */
  verifyInMs(): number {
    return this.kinds.some(isInDispute) ? this.parts.backend.nameWaitMs() : 0;
  }

  /**
   * Whether names whose ids are in dispute have them still. Two names with one id may mean that the backend's storage is
   * another one, which our service and instance need not show: it may have been restored from a backup of since they
   * were registered. It may as well mean nothing: MySQL takes names for one that differ in case alone, and OAP 6.0
   * numbered some endpoints alike under load (apache/skywalking#2183); registering anew would only lead back here. But the
   * same name always gets its current id, so the one that had the id first tells.
   */
  async verifyConflicts(signal: AbortSignal): Promise<Outcome<boolean>> {
    for (const { dictionary, ask } of this.kinds.filter(isInDispute)) {
      const names = dictionary.conflicts();
      const outcome = await ask(names, signal);
      if (outcome.status !== 'ok') return outcome;
      if (!dictionary.verify(names, outcome.value)) return ok(false);
    }
    return ok(true);
  }

  private doubt({ what }: Kind): void {
    const { log, machine } = this.parts;
    log.info(`asking the backend whether it still knows us: two ${what} were given one id`, 'one id');
    machine.apply({ type: 'contradicted' });
  }

  private get ownServiceId(): number {
    const { state } = this.parts.machine;
    return 'serviceId' in state ? state.serviceId : 0;
  }
}

function isInDispute({ dictionary }: Kind): boolean {
  return dictionary.conflicts().length > 0;
}

/** Behind a proxy a connection outlives the backend's restart, so now and then we ask unprompted whether our ids are ours. */
const HEARTBEATS_A_VERIFICATION = 10;

/** The registrar's steps with a v2 backend: ids for the service and the instance, heartbeats, two dictionaries. */
export class V2Registration implements Registration {
  readonly dictionaries: DictionarySync;
  private readonly heartbeat: HeartbeatTimer;
  private lastCarrierNames: V2Identity | undefined;
  private isVerificationDue = false;
  /** The answer whether the backend knew our instance got lost, and by asking we may have made it know us. */
  private isAnswerLost = false;
  private heartbeatsUntilVerification = HEARTBEATS_A_VERIFICATION;
  /** No verification was made unprompted since the connection. */
  private isFirstVerification = true;

  constructor(private readonly parts: RegistrationContext) {
    this.heartbeat = new HeartbeatTimer(parts.clock, parts.heartbeatMs ?? HEARTBEAT_MS.v2);
    this.dictionaries = new DictionarySync(parts);
  }

  connectionMade(): void {
    this.heartbeat.scatter();
    this.isFirstVerification = true;
  }

  replaced(): void {
    // All is forgotten then.
  }

  forget(): void {
    this.isAnswerLost = false;
    this.dictionaries.forget();
  }

  /** @returns milliseconds until the next step */
  async step(state: RegistrationState, signal: AbortSignal): Promise<number> {
    const pacedMs = this.parts.backend.idWaitMs();
    if (!('serviceId' in state)) return pacedMs || this.registerService(state, signal);
    if (!('instanceId' in state)) return pacedMs || this.registerInstance(state, signal);
    if (state.trust !== 'verified') return this.verificationInMs() || this.verify(state, signal);
    if (this.heartbeat.dueInMs() === 0) return this.sendHeartbeat(state, signal);
    if (this.isVerificationDue && this.verificationInMs() === 0) return this.verify(state, signal);
    return (await this.dictionaries.sync(signal)) ?? this.nextMs();
  }

  names(state: RegistrationState): V2Names | undefined {
    return 'instanceId' in state ? v2Names(state, this.dictionaries) : undefined;
  }

  /** The last ids, unless something speaks against them. */
  carrierNames(state: RegistrationState): V2Identity | undefined {
    if (!('instanceId' in state) || state.trust === 'contradicted') return undefined;
    if (this.lastCarrierNames?.epoch !== state.epoch) {
      this.lastCarrierNames = v2CarrierNames(state, this.dictionaries, () => this.parts.machine.isSound);
    }
    return this.lastCarrierNames;
  }

  private registerService({ epoch }: RegistrationState, signal: AbortSignal): Promise<number> {
    const { backend, machine, retry } = this.parts;
    return machine.guarded(backend.serviceId(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.answered();
      if (outcome.value === undefined) return retry.delayWhilePending();
      machine.apply({ type: 'service-answered', epoch, serviceId: outcome.value });
      retry.settled();
      return 0;
    });
  }

  private registerInstance(
    { epoch, serviceId }: Pick<Registered, 'epoch' | 'serviceId'>,
    signal: AbortSignal,
  ): Promise<number> {
    const { backend, machine, retry } = this.parts;
    return machine.guarded(backend.instanceId(serviceId, signal), (outcome) => {
      if (isUnknown(outcome)) {
        machine.apply({ type: 'service-lost', epoch });
        return 0;
      }
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      if (outcome.value === undefined) return retry.delayWhilePending();
      this.postponeVerification();
      this.heartbeat.dueNow();
      machine.apply({ type: 'instance-answered', epoch, instanceId: outcome.value });
      retry.settled();
      return 0;
    });
  }

  /**
   * Registering is idempotent and authoritative: the same names always get their current ids, so asking again shows
   * whether ours are still ours. A heartbeat does not: the backend looks up the integer alone, and after a wipe that may
   * be another instance's.
   */
  private verify(state: Registered, signal: AbortSignal): Promise<number> {
    const { backend, machine, retry } = this.parts;
    return machine.guarded(backend.serviceId(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.answered();
      // Empty: it had to create us, so its storage was cleared. That the same ids may come back proves nothing: those of
      // endpoints and addresses are gone as well. A backend that has its storage never answers a known name without its
      // id, not even in its first second, when it drops new ones (OAP 6.5).
      return outcome.value === state.serviceId ? this.verifyInstance(state, signal) : this.reregister();
    });
  }

  private verifyInstance(state: Registered, signal: AbortSignal): Promise<number> {
    const { backend, machine, retry } = this.parts;
    return machine.guarded(backend.instanceId(state.serviceId, signal), (outcome) => {
      if (isUnknown(outcome)) return this.reregister();
      if (outcome.status !== 'ok') {
        // Before one connection takes the place of another, the backend was asked over it whether it knows us.
        this.isAnswerLost ||= !isPlanned(outcome);
        return retry.delayAfter(outcome);
      }
      if (outcome.value !== state.instanceId || this.isAnswerLost) return this.reregister();
      return this.verifyNames(state, signal);
    });
  }

  private verifyNames({ epoch }: Registered, signal: AbortSignal): Promise<number> {
    const { machine, onEvent, retry } = this.parts;
    return machine.guarded(this.dictionaries.verifyConflicts(signal), (outcome) => {
      if (outcome.status === 'retryable') return retry.delayAfter(outcome);
      if (outcome.status === 'failed' || !outcome.value) return this.reregister();
      this.postponeVerification();
      machine.apply({ type: 'verified', epoch });
      retry.settled();
      onEvent({ type: 'answered' });
      return 0;
    });
  }

  /** One was just made. The first after a connection comes by chance, so that those of a whole fleet come apart. */
  private postponeVerification(): void {
    const share = this.isFirstVerification ? this.parts.clock.random() : 1;
    this.isVerificationDue = false;
    this.isFirstVerification = false;
    this.heartbeatsUntilVerification = Math.ceil(share * HEARTBEATS_A_VERIFICATION);
  }

  private reregister(): number {
    const message = 'the backend has not the ids for our names that it gave us; registering anew';
    this.parts.log.warn(message, FAILURE_KEYS.idsLost);
    this.parts.machine.apply({ type: 'forgotten', reason: 'verification' });
    return 0;
  }

  private sendHeartbeat({ instanceId }: Registered, signal: AbortSignal): Promise<number> {
    const { backend, log, machine, onEvent, retry } = this.parts;
    this.heartbeat.sent();
    return machine.guarded(backend.heartbeat(instanceId, signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.answered();
      if (outcome.value.reset) {
        log.warn('the backend does not know this instance any more; registering anew', FAILURE_KEYS.instanceLost);
        machine.apply({ type: 'forgotten', reason: 'backend' });
        return 0;
      }
      if (--this.heartbeatsUntilVerification <= 0) this.isVerificationDue = true;
      onEvent({ type: 'answered' });
      return this.nextMs();
    });
  }

  private nextMs(): number {
    const { heartbeat } = this;
    if (!this.parts.machine.isSound) return this.verificationInMs();
    if (this.isVerificationDue) return Math.min(this.verificationInMs(), heartbeat.dueInMs());
    return Math.min(heartbeat.dueInMs(), this.dictionaries.dueInMs());
  }

  /** Milliseconds until the backend may be asked for service and instance, and for what is in dispute; 0: now. */
  private verificationInMs(): number {
    return Math.max(this.parts.backend.idWaitMs(2), this.dictionaries.verifyInMs());
  }
}

/** The handler of 6.x and 7.0 throws on a service id that it does not know: the storage was cleared in between. */
function isUnknown(outcome: Outcome<unknown>): boolean {
  return outcome.status === 'failed' && outcome.code === 'UNKNOWN';
}
