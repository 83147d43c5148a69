import { ok, type Outcome } from '../../base/outcome';
import type { RegistrationContext } from '../registration/registration';
import { Dictionary } from './dictionary';
import type { IdsOutcome } from '../registration/rate-limited-backend';

interface Kind {
  readonly what: string;
  readonly dictionary: Dictionary;
  readonly ask: (names: readonly string[], signal: AbortSignal) => IdsOutcome;
}

/** The two dictionaries, and which of them asks next. */
export class DictionarySync {
  readonly endpoints: Dictionary;
  readonly networkAddresses: Dictionary;
  /** The one asked for last is last, so that neither starves the other at the pace we keep. */
  private readonly kinds: Kind[];

  constructor(private readonly parts: RegistrationContext) {
    const { clock, backend, onDue } = parts;
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
      retry.reset();
      dictionary.applyIds(names, outcome.value);
      if (dictionary.conflicts().length > 0) this.suspect(kind);
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

  private suspect({ what }: Kind): void {
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
