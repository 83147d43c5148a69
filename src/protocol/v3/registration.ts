import type { RegistrationContext } from '../registration/registration-context';
import type { HeartbeatTimer } from '../registration/heartbeat-timer';
import type { Presence } from './registration-state';
import type { Configuration } from '../../model/registration';

export interface V3RegistrationContext extends RegistrationContext {
  readonly heartbeat: HeartbeatTimer;
  /** The backend has configured this service otherwise than before. */
  readonly onConfiguration: (configuration: Configuration) => void;
}

/** As the Java agent does: the properties with the first and every tenth beat. Nothing else restores them after a wipe. */
const BEATS_A_REPORT = 10;
const CONFIGURATION_MS = 20_000;
const CONFIGURATION_FAILURE = 'registrar configuration';

/**
 * The registrar's steps with a v3 backend: it is told all of this instance at first, and again after every reconnect and
 * every tenth beat, since it never says that it has lost us (OAP answers with empty Commands, always).
 */
export class V3Registration {
  /** Keep-alives until all is to be told again. */
  private beatsUntilReport = 0;
  private configurationDueAt = 0;
  private configurationUuid = '';
  private hasConfigurations = true;

  constructor(private readonly parts: V3RegistrationContext) {}

  /** Another backend, or the same one afresh. */
  connected(): void {
    this.hasConfigurations = true;
    this.configurationDueAt = 0;
  }

  /** A backend that was wiped, or another one, may configure us otherwise, and by the same uuid say nothing. */
  forget(): void {
    this.configurationUuid = '';
    this.configurationDueAt = 0;
  }

  /** @returns milliseconds until the next step */
  async step(state: Presence, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, standing } = this.parts;
    if (!standing.isSound) return inquiry.idWaitMs() || this.reportProperties(state, signal);
    if (heartbeat.dueInMs() === 0) {
      return this.beatsUntilReport > 0 ? this.sendHeartbeat(state, signal) : this.reportProperties(state, signal);
    }
    if (this.configurationInMs() === 0) return this.configure(state, signal);
    return this.nextMs();
  }

  private async reportProperties({ epoch }: Presence, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, onChange, setbacks, standing } = this.parts;
    heartbeat.sent();
    const outcome = await inquiry.reportInstance(signal);
    if (epoch !== standing.epoch) return 0;
    if (outcome.status !== 'ok') return setbacks.delayAfter(outcome);
    this.beatsUntilReport = BEATS_A_REPORT - 1;
    setbacks.answered();
    setbacks.reset();
    standing.verified();
    standing.presence({ type: 'properties-answered', epoch });
    onChange();
    return this.nextMs();
  }

  private async sendHeartbeat({ epoch }: Presence, signal: AbortSignal): Promise<number> {
    const { heartbeat, inquiry, onChange, setbacks, standing } = this.parts;
    heartbeat.sent();
    const outcome = await inquiry.keepAlive(signal);
    if (epoch !== standing.epoch) return 0;
    if (outcome.status !== 'ok') return setbacks.delayAfter(outcome);
    setbacks.answered();
    this.beatsUntilReport--;
    onChange();
    return this.nextMs();
  }

  private async configure({ epoch }: Presence, signal: AbortSignal): Promise<number> {
    const { clock, inquiry, log, onConfiguration, setbacks, standing } = this.parts;
    this.configurationDueAt = clock.elapsed() + CONFIGURATION_MS;
    const outcome = await inquiry.configuration(this.configurationUuid, signal);
    if (epoch !== standing.epoch) return 0;
    if (outcome.status === 'retryable') return setbacks.delayAfterLoss(outcome.reason);
    if (outcome.status === 'failed') {
      // 8.0 to 8.3 have no such service, and where its module is switched off there is none either.
      if (outcome.code === 'UNIMPLEMENTED') this.hasConfigurations = false;
      else log.warn(`backend: configuration: ${outcome.reason}`, CONFIGURATION_FAILURE);
      return this.nextMs();
    }
    log.over([CONFIGURATION_FAILURE], 'backend: configuration: it can be fetched again');
    if (outcome.value && outcome.value.uuid !== this.configurationUuid) {
      this.configurationUuid = outcome.value.uuid;
      onConfiguration(outcome.value);
    }
    return this.nextMs();
  }

  private configurationInMs(): number {
    if (!this.hasConfigurations) return Infinity;
    return Math.max(0, this.configurationDueAt - this.parts.clock.elapsed());
  }

  private nextMs(): number {
    return Math.min(this.parts.heartbeat.dueInMs(), this.configurationInMs());
  }
}
