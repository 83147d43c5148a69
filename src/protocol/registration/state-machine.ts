import { AgentError } from '../../api/errors';
import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { toIso } from '../../base/time';
import type { ProtocolName } from '../../model/dialect';
import type { InstanceName } from '../../model/registration';
import {
  type CompleteState,
  formatState,
  initialState,
  isComplete,
  type RegistrationEvent,
  type RegistrationState,
  transition,
} from './registration-state';
import { HEARTBEAT_MS } from './heartbeat-timer';
import { RECONNECT } from './retry-policy';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: AgentError) => void;
}

/** Those who wait for one event, which may come again and again until it never will. */
class Waiters {
  private readonly waiting = new Set<Waiter>();
  private stopped = false;

  /** Resolves at the next `release`; rejects with `STOPPED`. */
  wait(): Promise<void> {
    if (this.stopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => {
      this.waiting.add({ resolve, reject });
    });
  }

  release(): void {
    for (const waiter of this.take()) waiter.resolve();
  }

  stop(): void {
    this.stopped = true;
    for (const waiter of this.take()) waiter.reject(stoppedError());
  }

  private take(): Waiter[] {
    const all = [...this.waiting];
    this.waiting.clear();
    return all;
  }
}

function stoppedError(): AgentError {
  return new AgentError('STOPPED', 'the agent was stopped');
}

interface StateMachineOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** As a v3 backend is to know us. */
  readonly v3Instance: InstanceName;
  /** Pinned: the phase says so before any backend has been reached. */
  readonly protocol?: ProtocolName;
  onTransition(from: RegistrationState, to: RegistrationState, reason: string): void;
}

/** What the backend knows us by: ids on v2, our names on v3. */
interface Identity {
  readonly service: number | string;
  readonly instance: number | string;
}

/** Another process connects after the longest delay at the latest, and learns within a second that its ids are dead. */
const LONGEST_LAG_MS = RECONNECT.longestMs + 1_000;
/** A process that has kept its connection learns it from its next heartbeat. Only v2 has ids. */
const HEARTBEAT_LAG_MS = HEARTBEAT_MS.v2;
/** The log repeats a line of one key only after a minute; this many transitions a minute are logged each. */
const LOGGED_TRANSITIONS = 50;
/** The same of registrations: a backend may forget us and give other ids again and again, each time another line. */
const LOGGED_REGISTRATIONS = 10;

/** Holds the state of the registration, since when and why. It changes by `apply` and by nothing else. */
export class StateMachine {
  private current: RegistrationState;
  private reason = 'start';
  private since: number;
  private known: Identity | undefined;
  private readonly waiters = new Waiters();
  private transitions = 0;
  private registrations = 0;
  private lastLine = '';
  private isStopped = false;
  /** When our identity was verified last, in milliseconds of the clock. */
  private lastVerifiedAt = 0;
  /** Other processes may still use ids of before; `Infinity`: as long as we have none ourselves. */
  private othersLagUntil = 0;
  /** Since they were complete last, our ids were found to be dead. A reset that was only asked for leaves them alive. */
  private areIdsDead = false;

  constructor(private readonly options: StateMachineOptions) {
    this.since = options.clock.now();
    this.current = initialState(options.protocol);
  }

  get state(): RegistrationState {
    return this.current;
  }

  /** Complete, and nothing gives cause to doubt it. */
  get isSound(): boolean {
    return this.current.trust === 'verified';
  }

  /**
   * Our ids were found to be dead a moment ago. Other processes find that out on their own: at the latest at their next
   * heartbeat or attempt to connect, and until then they use theirs.
   */
  get mayOthersLag(): boolean {
    return this.othersLagUntil !== 0 && this.options.clock.elapsed() < this.othersLagUntil;
  }

  /** What the backend knew us by when the state was last complete; a reset between two still reports where it came from. */
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
      knownAs: isComplete(current) && !('instanceId' in current) ? (this.known ?? null) : null,
    };
  }

  /** Resolves once complete, in this epoch or a later one; rejects with `STOPPED`. */
  async complete(): Promise<Identity> {
    while (!isComplete(this.current) || !this.known) await this.waiters.wait();
    return this.known;
  }

  stop(): void {
    this.isStopped = true;
    this.waiters.stop();
  }

  /**
   * JavaScript has no lock across `await`: while a question is out, an operator may have said reset. So an answer counts
   * only in the epoch that its question was asked in, and none does once this is stopped: its call was aborted.
   *
   * @returns what `use` makes of the answer; 0 if it came too late: go on at once, from the state of now
   */
  async guarded<A, R>(question: Promise<A>, use: (answer: A) => R | Promise<R>): Promise<R | 0> {
    const { epoch } = this.current;
    const answer = await question;
    return epoch === this.current.epoch && !this.isStopped ? use(answer) : 0;
  }

  apply(event: RegistrationEvent): void {
    const { clock, log } = this.options;
    const from = this.current;
    const to = transition(from, event);
    if (to === from) return;
    const reason = 'reason' in event ? event.reason : event.type;
    this.current = to;
    if (to.phase !== from.phase || to.epoch !== from.epoch) this.since = clock.now();
    if (from.trust === 'verified') this.lastVerifiedAt = clock.elapsed();
    if (to.epoch !== from.epoch) {
      this.othersLagUntil = Infinity;
      this.reason = statusReason(event) ?? this.reason;
      this.areIdsDead ||= this.reason === 'verification' || this.reason === 'backend';
    }
    const key = `transition ${this.transitions++ % LOGGED_TRANSITIONS}`;
    log.debug(`registration: ${formatState(from)} -> ${formatState(to)} (${reason})`, key);
    if (isComplete(to) && !isComplete(from)) this.completed(to);
    this.options.onTransition(from, to, reason);
  }

  private completed(state: CompleteState): void {
    const { log, v3Instance } = this.options;
    this.known =
      'instanceId' in state
        ? { service: state.serviceId, instance: state.instanceId }
        : { service: v3Instance.serviceName, instance: v3Instance.instanceName };
    const line = `${state.phase}: service ${this.known.service}, instance ${this.known.instance}`;
    if (line !== this.lastLine) this.registrations++;
    this.lastLine = line;
    log.info(line, `registration ${this.registrations % LOGGED_REGISTRATIONS}`);
    if (this.othersLagUntil === Infinity) this.othersLagUntil = this.lagUntil();
    this.areIdsDead = false;
    this.waiters.release();
  }

  /**
   * When other processes have found out, too. The delays between attempts to connect double: one that has failed for as
   * long as we were not verified makes its next attempt within twice that time.
   */
  private lagUntil(): number {
    const now = this.options.clock.elapsed();
    const untilConnected = Math.min(LONGEST_LAG_MS, 2 * (now - this.lastVerifiedAt));
    // After a reset that an operator or the application asked for, the ids of others are as good as they were.
    return now + Math.max(untilConnected, this.areIdsDead ? HEARTBEAT_LAG_MS : 0);
  }
}

/** Why all was forgotten, as `status()` shows it; `undefined`: for the reason of before, which still holds. */
function statusReason(event: RegistrationEvent): string | undefined {
  if (event.type === 'forgotten') return event.reason;
  return event.type === 'connection-made' ? 'backend' : undefined;
}
