import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';
import type { Log } from '../../base/log';
import { type Registration, type RegistrationEvent, transition, unregistered } from '../v2/registration-state';
import { connecting, type Presence, type PresenceEvent, transitionPresence } from '../v3/registration-state';
import type { InstanceName } from '../../model/registration';
import type { Protocol } from '../../model/dialect';
import { Signal } from './signal';

export type State = Registration | Presence;
export type Registered = Extract<Registration, { phase: 'registered' }>;
export type Connected = Extract<Presence, { phase: 'connected' }>;
type Complete = Registered | Connected;

export interface RegistrationStateOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** As a v3 backend is to know us. */
  readonly v3Instance: InstanceName;
  /** Pinned: the phase says so before any backend has been reached. */
  readonly protocol?: Protocol;
  /** Something that `status()` shows has changed. */
  onChange(): void;
  /** What was known is forgotten, whoever asked for it. */
  onForget(): void;
}

/** What the backend knows us by: ids on v2, our names on v3. */
export interface Identity {
  readonly service: number | string;
  readonly instance: number | string;
}

/**
 * What speaks for what we go by. `verified`: the backend of this connection has confirmed it. `unverified`: the connection
 * is gone or new, and nothing speaks against it. `contradicted`: something does.
 */
type Trust = 'verified' | 'unverified' | 'contradicted';

/** Longer than the registrar waits between two attempts to connect, by as much as it takes to find out then. */
const LONGEST_LAG_MS = 6_000;

/** Where this instance stands with the backend, by either protocol, since when and why. Everything else only asks. */
export class RegistrationState {
  private current: State;
  private reason = 'start';
  private since: number;
  private known: Identity | undefined;
  private decided: Protocol | undefined;
  private readonly waiters = new Signal();
  private trust: Trust = 'unverified';
  /** When what we went by was verified last, in milliseconds of the clock. */
  private verifiedUntil = 0;
  /** Other processes may still go by ids of before; `Infinity`: as long as we have none ourselves. */
  private othersLagUntil = 0;

  constructor(private readonly options: RegistrationStateOptions) {
    this.since = options.clock.now();
    this.current = options.protocol === 'v3' ? connecting : unregistered;
    this.decided = options.protocol;
  }

  get state(): State {
    return this.current;
  }

  get epoch(): number {
    return this.current.epoch;
  }

  /** `undefined` until a backend has decided it, or a user. */
  get protocol(): Protocol | undefined {
    return this.decided;
  }

  get isComplete(): boolean {
    return isComplete(this.current);
  }

  get isVerified(): boolean {
    return this.trust === 'verified';
  }

  /** Something speaks against what we go by, and the backend has not been asked yet. */
  get isContradicted(): boolean {
    return this.trust === 'contradicted';
  }

  /** Complete, and nothing gives cause to doubt it. */
  get isSound(): boolean {
    return this.isVerified && this.isComplete;
  }

  /**
   * Our ids were found to be dead a moment ago. Other processes find that out on their own: at the latest at their next
   * attempt to connect, and until then they go by theirs.
   */
  get mayOthersLag(): boolean {
    return this.othersLagUntil !== 0 && this.options.clock.elapsed() < this.othersLagUntil;
  }

  /** What the backend knew us by when this was last complete; a reset that finds us between two still tells where it came from. */
  get identity(): Identity | undefined {
    return this.known;
  }

  status() {
    const { current } = this;
    return {
      phase: current.phase,
      epoch: current.epoch,
      serviceId: 'serviceId' in current ? current.serviceId : null,
      instanceId: 'instanceId' in current ? current.instanceId : null,
      since: toIso(this.since),
      reason: this.reason,
      knownAs: current.phase === 'connected' ? (this.known ?? null) : null,
    };
  }

  /** Resolves once complete, in this epoch or a later one; rejects with `STOPPED`. */
  async complete(): Promise<Identity> {
    while (!this.isComplete || !this.known) await this.waiters.wait();
    return this.known;
  }

  stop(): void {
    this.waiters.stop();
  }

  /** The backend of this connection has what we go by. */
  verified(): void {
    this.trust = 'verified';
  }

  /** Nobody has confirmed it over the connection of now. */
  unverified(): void {
    if (this.trust === 'verified') this.distrust('unverified');
  }

  /** Something shows that the backend may have given our ids to others. */
  contradicted(): void {
    this.distrust('contradicted');
  }

  /** The backend that is connected speaks this. If the one before spoke the other, nothing that was known means anything. */
  setProtocol(protocol: Protocol): void {
    if (protocol === this.decided) return;
    const isFirst = this.decided === undefined;
    this.decided = protocol;
    if (isFirst) {
      if (protocol === 'v3') this.enter({ ...connecting, epoch: this.epoch });
      return;
    }
    this.options.log.warn(
      `this backend speaks ${protocol}, the one before did not; registering anew`,
      'other protocol',
    );
    this.leave('backend', { ...(protocol === 'v3' ? connecting : unregistered), epoch: this.epoch + 1 });
  }

  /** What is known is forgotten: in one place and at once, whoever asked for it. */
  forget(reason: string = this.reason): void {
    const { current } = this;
    this.leave(
      reason,
      isRegistration(current)
        ? transition(current, { type: 'forgotten' })
        : transitionPresence(current, { type: 'forgotten' }),
    );
  }

  registration(event: RegistrationEvent): void {
    if (isRegistration(this.current)) this.enter(transition(this.current, event));
  }

  presence(event: PresenceEvent): void {
    if (!isRegistration(this.current)) this.enter(transitionPresence(this.current, event));
  }

  private leave(reason: string, next: State): void {
    this.reason = reason;
    this.distrust('unverified');
    this.othersLagUntil = Infinity;
    this.options.onForget();
    this.enter(next);
  }

  private distrust(trust: Trust): void {
    if (this.trust === 'verified') this.verifiedUntil = this.options.clock.elapsed();
    this.trust = trust;
  }

  private enter(state: State): void {
    if (state === this.current) return;
    this.current = state;
    this.since = this.options.clock.now();
    if (isComplete(state)) this.completed(state);
    this.options.onChange();
  }

  private completed(state: Complete): void {
    const { log, v3Instance } = this.options;
    this.known =
      state.phase === 'registered'
        ? { service: state.serviceId, instance: state.instanceId }
        : { service: v3Instance.serviceName, instance: v3Instance.instanceName };
    log.info(`${state.phase}: service ${this.known.service}, instance ${this.known.instance}`);
    if (this.othersLagUntil === Infinity) this.othersLagUntil = this.lagUntil();
    this.waiters.release();
  }

  /** Attempts to connect come at delays that double: another process whose last one failed makes its next within that time. */
  private lagUntil(): number {
    const now = this.options.clock.elapsed();
    return now + Math.min(LONGEST_LAG_MS, 2 * (now - this.verifiedUntil));
  }
}

function isComplete(state: State): state is Complete {
  return state.phase === 'registered' || state.phase === 'connected';
}

function isRegistration(state: State): state is Registration {
  return state.phase !== 'connecting' && state.phase !== 'connected';
}
