import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { Loop } from '../../base/loop';
import type { Dictionary } from '../v2/dictionary';
import type { HeartbeatStatus } from './health';
import { HeartbeatTimer } from './heartbeat-timer';
import { RegistrationClient, type RegistrationClientOptions } from './registration-client';
import type { Configuration, InstanceName } from '../../model/registration';
import type { Protocol } from '../../model/dialect';
import { REGISTRATION_FAILURES, RetryPolicy } from './retry-policy';
import { type Identity, RegistrationState, type State } from './registration-state';
import { warnTruncatedNames } from '../v3/name-limits';
import { V2Registration } from '../v2/registration';
import { V3Registration } from '../v3/registration';
import type { ResetResult } from '../../api/agent';

export interface RegistrarOptions extends RegistrationClientOptions {
  readonly log: Log;
  /** Absent: as agents of the protocol do. */
  readonly heartbeatMs: number | undefined;
  /** What the user has pinned. */
  readonly protocol?: Protocol;
  /** Something that `status()` shows has changed. */
  onChange(): void;
  /** The backend has configured this service otherwise than before; v3 only. */
  onConfiguration?(configuration: Configuration): void;
}

const HEARTBEAT_MS: Readonly<Record<Protocol, number>> = { v2: 3_000, v3: 30_000 };
const NOTHING_SET: Configuration = { uuid: '', values: new Map() };
/** Names that come up together are asked for together. */
const GATHER_NAMES_MS = 20;

/**
 * Keeps this instance known to its backend: one loop, at most one call in flight. "Just started", "the connection came
 * back", "the backend forgot us", "it is another version" and "an operator said reset" are one case: look at the state,
 * take the next step, sleep. The heartbeat is the loop's turn when all is told.
 */
export class Registrar {
  private readonly clock: Clock;
  private readonly inquiry: RegistrationClient;
  private readonly loop: Loop;
  private readonly setbacks: RetryPolicy;
  private readonly standing: RegistrationState;
  private readonly v2: V2Registration;
  private readonly v3: V3Registration;
  private connectionNumber = 0;

  constructor(private readonly options: RegistrarOptions) {
    const { clock, heartbeatMs, log } = options;
    const onChange = () => options.onChange();
    this.clock = clock;
    const inquiry = new RegistrationClient(options);
    const setbacks = new RetryPolicy(clock, log, onChange);
    const onForget = () => {
      this.v2.forget();
      this.v3.forget();
    };
    const standing = new RegistrationState({ ...options, v3Instance: inquiry.v3Instance, onChange, onForget });
    const timer = (protocol: Protocol) => new HeartbeatTimer(clock, heartbeatMs ?? HEARTBEAT_MS[protocol]);
    const parts = { clock, log, standing, inquiry, setbacks, onChange };
    const onAdmit = () => {
      if (standing.isSound) this.loop.wake(GATHER_NAMES_MS);
    };
    this.inquiry = inquiry;
    this.setbacks = setbacks;
    this.standing = standing;
    this.v2 = new V2Registration({ ...parts, heartbeat: timer('v2'), onAdmit });
    this.v3 = new V3Registration({
      ...parts,
      heartbeat: timer('v3'),
      onConfiguration: (configuration) => options.onConfiguration?.(configuration),
    });
    this.loop = new Loop({ name: 'registration', clock, log, turn: (signal) => this.turn(signal) });
  }

  start(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    this.standing.stop();
    await this.loop.stop();
  }

  get state(): State {
    return this.standing.state;
  }

  /** Registered or connected, and nothing gives cause to doubt that the backend knows us as we think. */
  get isSound(): boolean {
    return this.standing.isSound;
  }

  /** Something speaks against what we go by. */
  get isContradicted(): boolean {
    return this.standing.isContradicted;
  }

  /** Other processes may still go by ids of before a reset. */
  get mayOthersLag(): boolean {
    return this.standing.mayOthersLag;
  }

  /** The number of the connection of now, or of the last one; 0: there was none yet. */
  get connection(): number {
    return this.connectionNumber;
  }

  /** The keys of the log under which failures stand that are over once this is sound again. */
  get failureKeys(): readonly string[] {
    return REGISTRATION_FAILURES;
  }

  /** `undefined` until a backend has decided it, or a user. */
  get protocol(): Protocol | undefined {
    return this.standing.protocol;
  }

  /** By these names a v3 backend knows us: cut to its limits. */
  get v3Instance(): InstanceName {
    return this.inquiry.v3Instance;
  }

  get endpoints(): Dictionary {
    return this.v2.dictionaries.endpoints;
  }

  get networkAddresses(): Dictionary {
    return this.v2.dictionaries.networkAddresses;
  }

  status() {
    return this.standing.status();
  }

  heartbeatStatus(): HeartbeatStatus {
    return this.inquiry.health.status();
  }

  /**
   * Forgets service id, instance id and both dictionaries (v3: that the backend was told of us), gives up the call in
   * flight and registers anew. Resolves when that is done, however long it takes; rejects with `STOPPED`.
   */
  async reset(reason: string): Promise<ResetResult> {
    const startedAt = this.clock.elapsed();
    const from = this.standing.identity;
    this.standing.forget(reason);
    this.loop.interrupt();
    const to = await this.registered();
    return {
      service: { from: from?.service ?? null, to: to.service },
      instance: { from: from?.instance ?? null, to: to.instance },
      tookMs: Math.round(this.clock.elapsed() - startedAt),
    };
  }

  /** Resolves once registered or connected, in this epoch or a later one; rejects with `STOPPED`. */
  registered(): Promise<Identity> {
    return this.standing.complete();
  }

  /** Somebody found a sign that the backend may not know us any more; until that is settled, nothing is sent. */
  doubt(reason: string): void {
    if (!this.isSound) return;
    this.options.log.info(`asking the backend whether it still knows us: ${reason}`);
    this.standing.contradicted();
    this.loop.wake();
  }

  /** The connection is gone: do not wait for the next heartbeat to find out. */
  disconnected(): void {
    if (!this.isSound) return;
    this.standing.unverified();
    this.standing.presence({ type: 'disconnected' });
    this.loop.wake(this.setbacks.disconnected());
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const connection = await this.options.api.connect(signal);
    if (signal.aborted) return 0;
    if (connection.status !== 'ok') {
      this.inquiry.health.failed(connection.reason);
      return this.setbacks.delayAfterLoss(connection.reason);
    }
    const { number, protocol } = connection.value;
    if (number !== this.connectionNumber) {
      this.connectionNumber = number;
      this.standing.unverified();
      // What a v3 backend has set holds as long as backends can set anything.
      if (protocol === 'v2' && this.standing.protocol === 'v3') this.options.onConfiguration?.(NOTHING_SET);
      this.standing.setProtocol(protocol);
      this.v3.connected();
      if (protocol === 'v3') warnTruncatedNames(this.options, this.v3Instance);
      this.setbacks.reset();
      this.options.onChange();
    }
    const { epoch } = this.standing;
    const waitMs = await this.step(signal);
    // When to go on was thought out for the epoch of before.
    return epoch === this.standing.epoch ? waitMs : 0;
  }

  private step(signal: AbortSignal): Promise<number> {
    const { state } = this;
    const isV3 = state.phase === 'connecting' || state.phase === 'connected';
    return isV3 ? this.v3.step(state, signal) : this.v2.step(state, signal);
  }
}
