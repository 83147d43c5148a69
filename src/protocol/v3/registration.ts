import type { RegistrationContext } from '../registration/registration-context';
import type { HeartbeatTimer } from '../registration/heartbeat-timer';
import type { V3State } from './registration-state';

export interface V3RegistrationContext extends RegistrationContext {
  readonly heartbeat: HeartbeatTimer;
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
  async step(state: V3State, signal: AbortSignal): Promise<number> {
    const { client, heartbeat } = this.parts;
    if (state.trust !== 'verified') return client.idWaitMs() || this.reportProperties(state, signal);
    if (heartbeat.dueInMs() === 0) {
      return this.beatsUntilReport > 0 ? this.sendHeartbeat(signal) : this.reportProperties(state, signal);
    }
    if (this.configurationInMs() === 0) return this.configure(signal);
    return this.nextMs();
  }

  private reportProperties({ epoch }: V3State, signal: AbortSignal): Promise<number> {
    const { client, heartbeat, machine, onEvent, retry } = this.parts;
    heartbeat.sent();
    return machine.guarded(client.reportInstance(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      this.beatsUntilReport = BEATS_A_REPORT - 1;
      retry.answered();
      retry.reset();
      machine.apply({ type: 'properties-answered', epoch });
      onEvent({ type: 'answered' });
      return this.nextMs();
    });
  }

  private sendHeartbeat(signal: AbortSignal): Promise<number> {
    const { client, heartbeat, machine, onEvent, retry } = this.parts;
    heartbeat.sent();
    return machine.guarded(client.keepAlive(signal), (outcome) => {
      if (outcome.status !== 'ok') return retry.delayAfter(outcome);
      retry.answered();
      this.beatsUntilReport--;
      onEvent({ type: 'answered' });
      return this.nextMs();
    });
  }

  private configure(signal: AbortSignal): Promise<number> {
    const { client, clock, log, machine, onEvent, retry } = this.parts;
    this.configurationDueAt = clock.elapsed() + CONFIGURATION_MS;
    return machine.guarded(client.configuration(this.configurationUuid, signal), (outcome) => {
      if (outcome.status === 'retryable') return retry.delayAfterLoss(outcome.reason);
      if (outcome.status === 'failed') {
        // 8.0 to 8.3 have no such service, and where its module is switched off there is none either.
        if (outcome.code === 'UNIMPLEMENTED') this.hasConfigurations = false;
        else log.warn(`backend: configuration: ${outcome.reason}`, CONFIGURATION_FAILURE);
        return this.nextMs();
      }
      log.over([CONFIGURATION_FAILURE], 'backend: configuration: it can be fetched again');
      if (outcome.value && outcome.value.uuid !== this.configurationUuid) {
        this.configurationUuid = outcome.value.uuid;
        onEvent({ type: 'configured', configuration: outcome.value });
      }
      return this.nextMs();
    });
  }

  private configurationInMs(): number {
    if (!this.hasConfigurations) return Infinity;
    return Math.max(0, this.configurationDueAt - this.parts.clock.elapsed());
  }

  private nextMs(): number {
    return Math.min(this.parts.heartbeat.dueInMs(), this.configurationInMs());
  }
}
