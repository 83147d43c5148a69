import type { V3Names } from '../../model/names';
import type { Configuration } from '../../model/registration';
import { HEARTBEAT_MS, HeartbeatTimer } from '../registration/heartbeat-timer';
import type { Registration, RegistrationContext } from '../registration/registration';
import type { RegistrationState } from '../registration/registration-state';
import { v3CarrierNames, v3Names, warnTruncatedNames } from './names';
import type { V3Identity } from './sw8/propagator';

/** As the Java agent does: the properties with the first and every tenth beat. Nothing else restores them after a wipe. */
const BEATS_A_REPORT = 10;
const CONFIGURATION_MS = 20_000;
const CONFIGURATION_FAILURE = 'registrar configuration';
const NOTHING_SET: Configuration = { uuid: '', values: new Map() };

/**
 * The registrar's steps with a v3 backend: it is told all of this instance at first, and again after every reconnect and
 * every tenth beat, since it never says that it has lost us (OAP answers with empty Commands, always).
 */
export class V3Registration implements Registration {
  private readonly heartbeat: HeartbeatTimer;
  private ownCarrierNames: V3Identity | undefined;
  /** Keep-alives until all is to be told again. */
  private beatsUntilReport = 0;
  private configurationDueAt = 0;
  /** None was asked for since the connection. */
  private isFirstConfiguration = true;
  /** Of the configuration that this connection's backend has given; undefined: none yet. */
  private configurationUuid: string | undefined;
  private hasConfigurations = true;
  /** The backend of this connection has answered what it sets. */
  private isConfigurable = false;
  /** Something that a backend has set is in force. */
  private isConfigured = false;
  private wasConfigured = false;

  constructor(private readonly parts: RegistrationContext) {
    this.heartbeat = new HeartbeatTimer(parts.clock, parts.heartbeatMs ?? HEARTBEAT_MS.v3);
  }

  connectionMade(): void {
    this.heartbeat.scatter();
    const { backend, instance, log } = this.parts;
    warnTruncatedNames(instance, backend.v3Instance, log);
    this.hasConfigurations = true;
    this.isConfigurable = false;
    this.configurationDueAt = 0;
    // The one before may have given what it set the name that this one's own has.
    this.configurationUuid = undefined;
    this.isFirstConfiguration = true;
  }

  /** What a v3 backend has set holds as long as backends can set anything. */
  replaced(): void {
    this.tell(NOTHING_SET);
  }

  /** A backend that was wiped, or another one, may configure us otherwise, and by the same uuid say nothing. */
  forget(): void {
    this.configurationUuid = undefined;
    this.configurationDueAt = 0;
  }

  /** @returns milliseconds until the next step */
  async step(state: RegistrationState, signal: AbortSignal): Promise<number> {
    const { backend } = this.parts;
    if (state.trust !== 'verified') return backend.idWaitMs() || this.reportInstance(state, signal);
    if (this.heartbeat.dueInMs() === 0) {
      return this.beatsUntilReport > 0 ? this.sendHeartbeat(signal) : this.reportInstance(state, signal);
    }
    if (this.configurationInMs() === 0) return this.configure(signal);
    return this.nextMs();
  }

  names({ epoch, trust }: RegistrationState): V3Names | undefined {
    const { backend, log } = this.parts;
    return trust && v3Names(backend.v3Instance, epoch, log);
  }

  /** Our names, whatever the state. */
  carrierNames(): V3Identity {
    const { backend, log } = this.parts;
    return (this.ownCarrierNames ??= v3CarrierNames(backend.v3Instance, log));
  }

  private reportInstance({ epoch }: RegistrationState, signal: AbortSignal): Promise<number> {
    const { backend, machine, onEvent, retry } = this.parts;
    this.heartbeat.sent();
    return machine.guarded(backend.reportInstance(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      this.beatsUntilReport = BEATS_A_REPORT - 1;
      retry.answered();
      retry.settled();
      machine.apply({ type: 'properties-answered', epoch });
      onEvent({ type: 'answered' });
      return this.nextMs();
    });
  }

  private sendHeartbeat(signal: AbortSignal): Promise<number> {
    const { backend, machine, onEvent, retry } = this.parts;
    this.heartbeat.sent();
    return machine.guarded(backend.keepAlive(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.answered();
      this.beatsUntilReport--;
      onEvent({ type: 'answered' });
      return this.nextMs();
    });
  }

  private configure(signal: AbortSignal): Promise<number> {
    const { backend, clock, log, machine, retry } = this.parts;
    // The second one comes by chance, as the second heartbeat does.
    this.configurationDueAt = clock.elapsed() + CONFIGURATION_MS * (this.isFirstConfiguration ? clock.random() : 1);
    this.isFirstConfiguration = false;
    return machine.guarded(backend.configuration(this.configurationUuid ?? '', signal), (outcome) => {
      if (outcome.status === 'retryable') return retry.delayAfter(outcome);
      if (outcome.status === 'failed') {
        if (outcome.code === 'UNIMPLEMENTED') this.cannotConfigure();
        else log.warn(`backend: configuration: ${outcome.reason}`, CONFIGURATION_FAILURE);
        return this.nextMs();
      }
      this.isConfigurable = true;
      log.over([CONFIGURATION_FAILURE], 'backend: configuration: it can be fetched again');
      if (outcome.value && outcome.value.uuid !== this.configurationUuid) {
        this.tell(outcome.value);
      }
      return this.nextMs();
    });
  }

  /**
   * 8.0 to 8.3 have no such service, and where its module is switched off there is none either. But a proxy says the same of
   * a backend that is away.
   */
  private cannotConfigure(): void {
    if (this.isConfigurable) return;
    if (!this.wasConfigured) this.hasConfigurations = false;
    else if (this.isConfigured) this.tell(NOTHING_SET);
  }

  private tell(configuration: Configuration): void {
    this.isConfigured = configuration !== NOTHING_SET;
    this.configurationUuid = this.isConfigured ? configuration.uuid : undefined;
    this.wasConfigured ||= this.isConfigured;
    this.parts.onEvent({ type: 'configured', configuration });
  }

  private configurationInMs(): number {
    if (!this.hasConfigurations) return Infinity;
    return Math.max(0, this.configurationDueAt - this.parts.clock.elapsed());
  }

  private nextMs(): number {
    return Math.min(this.heartbeat.dueInMs(), this.configurationInMs());
  }
}
