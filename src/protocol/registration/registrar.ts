import type { ResetResult } from '../../api/agent';
import type { HeartbeatStatus } from '../../api/status';
import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { Loop } from '../../base/loop';
import type { ProtocolName } from '../../model/dialect';
import type { Names } from '../../model/names';
import type { InstanceName } from '../../model/registration';
import type { PropagationIdentity } from '../../tracing/propagation/propagator';
import { PROTOCOLS } from '../detect';
import type { Dictionary } from '../v2/dictionary';
import { v2Protocol } from '../v2/protocol';
import type { V2Registration } from '../v2/registration';
import { v3Protocol } from '../v3/protocol';
import type { Registration, RegistrationContext } from './registration';
import { RateLimitedBackend, type RateLimitedBackendOptions } from './rate-limited-backend';
import type { RegistrarListener } from './registrar-event';
import { isComplete, type RegistrationState } from './registration-state';
import { FAILURE_KEYS, RetryPolicy } from './retry-policy';
import { StateMachine } from './state-machine';

interface RegistrarOptions extends RateLimitedBackendOptions {
  readonly log: Log;
  /** Absent: as agents of the protocol do. */
  readonly heartbeatMs: number | undefined;
  /** What the user has pinned. */
  readonly protocol?: ProtocolName;
}

/** Names that come up together are asked for together. */
const GATHER_NAMES_MS = 20;

/**
 * Keeps this instance known to its backend: one loop, at most one call in flight. "Just started", "the connection came
 * back", "the backend forgot us", "it is another version" and "an operator said reset" are one case: look at the state,
 * take the next step, sleep. The heartbeat is the loop's turn when all is told.
 */
export class Registrar {
  private readonly clock: Clock;
  private readonly backend: RateLimitedBackend;
  private readonly loop: Loop;
  private readonly retry: RetryPolicy;
  private readonly machine: StateMachine;
  private readonly registrations: { readonly v2: V2Registration; readonly v3: Registration };
  private readonly listeners: RegistrarListener[] = [];
  private connectionNumber = 0;
  private cachedNames: Names | undefined;

  constructor(private readonly options: RegistrarOptions) {
    const { clock, heartbeatMs, log, serviceName, instanceName } = options;
    const onEvent: RegistrarListener = (event) => this.emit(event);
    const backend = new RateLimitedBackend(options);
    const retry = new RetryPolicy(clock, log, (reason) => onEvent({ type: 'failed', reason }));
    const machine = new StateMachine({
      ...options,
      v3Instance: backend.v3Instance,
      onTransition: (from, to, reason) => {
        // The other protocol has learnt nothing since its own turn ended.
        if (to.epoch !== from.epoch && from.protocol) this.registrations[from.protocol].forget();
        onEvent({ type: 'transition', from, to, reason });
      },
    });
    const context: RegistrationContext = {
      clock,
      log,
      machine,
      backend,
      retry,
      instance: { serviceName, instanceName },
      heartbeatMs,
      onEvent,
      onDue: () => {
        if (machine.isSound) this.loop.wake(GATHER_NAMES_MS);
      },
    };
    this.clock = clock;
    this.backend = backend;
    this.retry = retry;
    this.machine = machine;
    this.registrations = { v2: v2Protocol.createRegistration(context), v3: v3Protocol.createRegistration(context) };
    this.loop = new Loop({ name: 'registration', clock, log, turn: (signal) => this.turn(signal) });
  }

  /** Calls the listener with each event from now on, after those that subscribed before it. */
  subscribe(listener: RegistrarListener): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    this.machine.stop();
    await this.loop.stop();
  }

  get state(): RegistrationState {
    return this.machine.state;
  }

  /** Registered or connected, and nothing gives cause to doubt that the backend knows us as we think. */
  get isSound(): boolean {
    return this.machine.isSound;
  }

  /** Other processes may still use ids of before a reset. */
  get mayOthersLag(): boolean {
    return this.machine.mayOthersLag;
  }

  /** The number of the connection of now, or of the last one; 0: there was none yet. */
  get connection(): number {
    return this.connectionNumber;
  }

  /** The keys of the log under which failures stand that are over once this is sound again. */
  get failureKeys(): readonly string[] {
    return Object.values(FAILURE_KEYS);
  }

  /** `undefined` until a backend has decided it, or a user. */
  get protocol(): ProtocolName | undefined {
    return this.state.protocol;
  }

  /**
   * The one of the protocol. Before any backend has decided it, that of v3: carriers say our names then.
   */
  private get registration(): Registration {
    return this.registrations[this.protocol ?? 'v3'];
  }

  /** What segments are encoded with: nothing while we are not registered, or while that is not verified. */
  names(): Names | undefined {
    if (!this.isSound) return undefined;
    const { state } = this;
    // One object an epoch: this is asked for with every segment.
    if (this.cachedNames?.epoch !== state.epoch) this.cachedNames = this.registration.names(state);
    return this.cachedNames;
  }

  /**
   * What the headers between processes say of us: while there are no ids to tell, our names. A callee with a backend of v3
   * takes them for what they are, one with a backend of v2 joins the trace all the same, only without its caller.
   */
  carrierNames(): PropagationIdentity | undefined {
    return this.registration.carrierNames(this.state) ?? this.registrations.v3.carrierNames(this.state);
  }

  /** The backend of this connection takes meters and logs. */
  get takesTelemetry(): boolean {
    return isComplete(this.state) && PROTOCOLS[this.state.protocol].telemetry !== undefined;
  }

  /** By these names a v3 backend knows us: cut to its limits. */
  get v3Instance(): InstanceName {
    return this.backend.v3Instance;
  }

  get endpoints(): Dictionary {
    return this.registrations.v2.dictionaries.endpoints;
  }

  get networkAddresses(): Dictionary {
    return this.registrations.v2.dictionaries.networkAddresses;
  }

  status(): ReturnType<StateMachine['status']> {
    return this.machine.status();
  }

  heartbeatStatus(): HeartbeatStatus {
    return this.backend.health.status();
  }

  /**
   * Forgets service id, instance id and both dictionaries (v3: that the backend was told of us), gives up the call in
   * flight and registers anew. Resolves when that is done, however long it takes; rejects with `STOPPED`.
   */
  async reset(reason: string): Promise<ResetResult> {
    const startedAt = this.clock.elapsed();
    const from = this.machine.identity;
    this.machine.apply({ type: 'forgotten', reason });
    this.loop.interrupt();
    const to = await this.registered();
    return {
      service: { from: from?.service ?? null, to: to.service },
      instance: { from: from?.instance ?? null, to: to.instance },
      tookMs: Math.round(this.clock.elapsed() - startedAt),
    };
  }

  /** Resolves once registered or connected, in this epoch or a later one; rejects with `STOPPED`. */
  registered(): ReturnType<StateMachine['complete']> {
    return this.machine.complete();
  }

  /** There is a sign that the backend may not know us any more; until that is settled, nothing is sent. */
  doubt(reason: string): void {
    if (!this.isSound) return;
    // The reason quotes the backend, which may say something else each time.
    this.options.log.info(`asking the backend whether it still knows us: ${reason}`, 'doubt');
    this.machine.apply({ type: 'contradicted' });
    this.loop.wake();
  }

  /** The connection is gone: do not wait for the next heartbeat to find out. */
  disconnected(): void {
    if (!this.isSound) return;
    this.machine.apply({ type: 'disconnected' });
    this.loop.wake(this.retry.delayAfterDisconnect());
  }

  private async turn(signal: AbortSignal): Promise<number> {
    const connection = await this.options.api.connect(signal);
    if (signal.aborted) return 0;
    if (connection.status !== 'ok') {
      this.backend.health.failed(connection.reason);
      return this.retry.delayWithoutAnswer(connection.reason);
    }
    const { number, protocol } = connection.value;
    if (number !== this.connectionNumber) this.useConnection(number, protocol);
    // When to go on was thought out for the epoch of before.
    return this.machine.guarded(this.registration.step(this.state, signal), (waitMs) => waitMs);
  }

  private useConnection(connection: number, protocol: ProtocolName): void {
    const { log } = this.options;
    const before = this.state;
    this.connectionNumber = connection;
    this.machine.apply({ type: 'connection-made', protocol });
    // A connection begins a new epoch only where the backend before spoke the other protocol.
    if (before.protocol && before.epoch !== this.state.epoch) {
      const message = `this backend speaks ${protocol}, the one before did not; registering anew`;
      log.warn(message, FAILURE_KEYS.otherProtocol);
      this.registrations[before.protocol].replaced();
    }
    this.registration.connectionMade();
    this.retry.settled();
    this.emit({ type: 'connection-made', connection });
  }

  private emit(event: Parameters<RegistrarListener>[0]): void {
    for (const listener of this.listeners) listener(event);
  }
}
