import type { Clock } from '../../base/clock';
import { USER_ENDPOINT } from '../../model/components';
import type { NameBounds, V2Names } from '../../model/names';
import type { Registered } from '../registration/registration-state';
import type { V2Identity } from './sw6/propagator';

/**
 * The ids of one epoch, both ways. Whoever has encoded something with them keeps them for the way back: they outlive
 * their epoch unchanged, since a dictionary that forgets goes on to others instead of emptying these. At most as many as
 * the dictionary admits.
 */
class IdTable {
  /** An id, or 0 while it is asked for. */
  private readonly idOf = new Map<string, number>();
  private readonly name = new Map<number, string>();

  /** `undefined`: the name is not admitted; 0: it has no id yet. */
  get(name: string): number | undefined {
    return this.idOf.get(name);
  }

  nameOf(id: number): string | undefined {
    return this.name.get(id);
  }

  admit(name: string): void {
    this.idOf.set(name, 0);
  }

  /** @returns whether the id is the name's now; no two names have one */
  assign(name: string, id: number): boolean {
    if (this.name.has(id)) return false;
    this.idOf.set(name, id);
    this.name.set(id, name);
    return true;
  }

  get admitted(): number {
    return this.idOf.size;
  }

  get known(): number {
    return this.name.size;
  }
}

interface DictionaryCounts {
  readonly known: number;
  readonly pending: number;
  /** Names that were not admitted because the dictionary is full. */
  readonly refused: number;
}

interface Pending {
  readonly attempts: number;
  readonly dueAt: number;
  /** The id that it was given last, of another name; 0: none. */
  readonly disputedId: number;
  /** How many are asked for together with it at most, itself included. */
  readonly batchSize: number;
  /** How often in a row it was refused alone. */
  readonly refusals: number;
}

/** Names that the dictionary knows or waits for. More are sent as strings. */
const MAX_NAMES = 10_000;
/** Names seen once are remembered in two generations of this size. */
const MAX_SEEN = 5_000;
/** A longer name costs more memory than its id saves. In UTF-16 code units. */
const LONGEST_NAME = 512;
const MAX_IN_BATCH = 100;
/** The names come back with their ids, and the answer is bounded too (`MAX_ANSWER_BYTES`). In UTF-8. */
const MAX_BATCH_BYTES = 32 * 1024;

const FIRST_MS = 20;
const LONGEST_MS = 1_000;
/** From this many answers without an id on (about half a minute), a name is asked for only now and then. */
const PATIENT_ATTEMPTS = 30;
const SELDOM_MS = 30_000;
/** Refused alone so often (over two seconds and more), a name is taken for bad, and asked for only now and then. */
const MAX_REFUSALS = 8;

/**
 * One kind of name (endpoints, network addresses) and the ids that the backend of now gave them. An id never goes
 * stale while we are registered, so which name was used last says nothing: a name is admitted when it is seen a second
 * time, and once the dictionary is full it stays as it is. With one-off names (a tenth of them, say) an LRU would ask
 * for each; this asks for none.
 */
export class Dictionary {
  private current = new IdTable();
  private readonly waiting = new Map<string, Pending>();
  /** Names that have an id which the backend has given to another name as well. */
  private readonly disputed = new Set<string>();
  private seen = new Set<string>();
  private seenBefore = new Set<string>();
  private refused = 0;

  constructor(
    private readonly clock: Clock,
    /** A name was admitted and is due to be asked for. */
    private readonly onAdmit: () => void = () => undefined,
  ) {}

  /** Those of now, until all is forgotten; then another object. */
  get ids(): IdTable {
    return this.current;
  }

  /**
   * The id of a name, or 0: send the name. Every look-up counts as a sight, unless it is made by ids of before: those
   * answer for their own epoch and learn nothing more.
   */
  lookup(name: string, ids = this.current): number {
    return ids.get(name) ?? (ids === this.current ? this.recordSighting(name) : 0);
  }

  /** The same without counting: for who looks a name up beside the one whose sight it is. */
  known(name: string, ids = this.current): number {
    return ids.get(name) ?? 0;
  }

  /** Milliseconds until there is something to ask for; 0: now; `Infinity`: nothing is. */
  dueInMs(): number {
    let earliest = Infinity;
    for (const { dueAt } of this.waiting.values()) if (dueAt < earliest) earliest = dueAt;
    return Math.max(0, earliest - this.clock.elapsed());
  }

  /**
   * The names to ask for now, at most a hundred and not too long together, those first that have waited longest for
   * their turn. Names that were refused come behind the others and are not mixed with them, so that a bad one holds up
   * none.
   */
  batch(): string[] {
    const now = this.clock.elapsed();
    let names: string[] = [];
    let size = 0;
    for (const [name, { dueAt, batchSize }] of this.waiting) {
      if (dueAt > now || batchSize < size) continue;
      if (batchSize > size) {
        names = [];
        size = batchSize;
      }
      if (names.length < size) names.push(name);
      if (names.length === MAX_IN_BATCH) break;
    }
    return withinBytes(names);
  }

  /**
   * What the backend answered to a batch. Names without an id are asked for again, later and behind the others. So are,
   * now and then, those that were given the id of another name, which is in dispute from then on.
   */
  applyIds(asked: readonly string[], answers: ReadonlyMap<string, number>): void {
    for (const name of asked) {
      const pending = this.waiting.get(name);
      if (!pending) continue;
      if (pending.refusals > 0) this.acquit();
      const id = answers.get(name) ?? 0;
      if (id <= 0) this.postpone(name, { batchSize: MAX_IN_BATCH, refusals: 0 });
      else if (this.current.assign(name, id)) this.waiting.delete(name);
      else this.dispute(name, id);
    }
  }

  /** The names that have an id in dispute; nothing is to be sent until `settle`. */
  conflicts(): string[] {
    return [...this.disputed];
  }

  /** @returns whether each of these names has, by this answer, the id that we know it by */
  verify(asked: readonly string[], answers: ReadonlyMap<string, number>): boolean {
    for (const name of asked) this.disputed.delete(name);
    return asked.every((name) => answers.get(name) === this.current.get(name));
  }

  /**
   * The backend refused a batch. That may be because of one name, so next time each half of them is asked for by itself,
   * until the bad one stands alone. It may as well have nothing to do with the names: a name that is refused alone is
   * asked for again soon, and put off only when that goes on.
   */
  rejectBatch(asked: readonly string[]): void {
    const isAlone = asked.length === 1;
    const batchSize = Math.max(1, Math.floor(asked.length / 2));
    for (const name of asked) {
      const refusals = (this.waiting.get(name)?.refusals ?? 0) + (isAlone ? 1 : 0);
      this.postpone(name, { batchSize, refusals }, refusals >= MAX_REFUSALS ? PATIENT_ATTEMPTS : 0);
    }
  }

  /** Forgets everything, what is known and what is asked for: after a reset no name may keep an id of before. */
  clear(): void {
    this.current = new IdTable();
    this.waiting.clear();
    this.disputed.clear();
    this.seen.clear();
    this.seenBefore.clear();
    this.refused = 0;
  }

  counts(): DictionaryCounts {
    return { known: this.current.known, pending: this.waiting.size, refused: this.refused };
  }

  private recordSighting(name: string): number {
    if (name.length === 0 || name.length > LONGEST_NAME) return 0;
    if (!this.seen.has(name) && !this.seenBefore.has(name)) {
      const kept = flat(name);
      if (kept === name) this.remember(kept);
      return 0;
    }
    if (this.current.admitted < MAX_NAMES) this.admit(flat(name));
    else this.refused++;
    return 0;
  }

  private remember(name: string): void {
    if (this.seen.size >= MAX_SEEN) {
      this.seenBefore = this.seen;
      this.seen = new Set();
    }
    this.seen.add(name);
  }

  private admit(name: string): void {
    this.seen.delete(name);
    this.seenBefore.delete(name);
    this.current.admit(name);
    this.waiting.set(name, this.fresh());
    this.onAdmit();
  }

  private fresh(): Pending {
    return { attempts: 0, dueAt: this.clock.elapsed(), disputedId: 0, batchSize: MAX_IN_BATCH, refusals: 0 };
  }

  /** A name is answered that was refused alone: refusals say nothing of any name. */
  private acquit(): void {
    for (const [name, { batchSize }] of this.waiting) {
      if (batchSize < MAX_IN_BATCH) this.waiting.set(name, this.fresh());
    }
  }

  private dispute(name: string, id: number): void {
    const holder = this.current.nameOf(id);
    // The same answer twice: that was settled then, and says nothing new.
    const isNew = this.waiting.get(name)?.disputedId !== id;
    if (holder !== undefined && isNew) this.disputed.add(holder);
    this.postpone(name, { disputedId: id, batchSize: MAX_IN_BATCH, refusals: 0 }, PATIENT_ATTEMPTS);
  }

  private postpone(name: string, change: Partial<Pending>, atLeastAttempts = 0): void {
    const pending = this.waiting.get(name);
    if (!pending) return;
    // Deleted and set again, so that it stands behind the others.
    this.waiting.delete(name);
    const attempts = Math.max(pending.attempts + 1, atLeastAttempts);
    const waitMs = attempts >= PATIENT_ATTEMPTS ? SELDOM_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1));
    this.waiting.set(name, { ...pending, disputedId: 0, ...change, attempts, dueAt: this.clock.elapsed() + waitMs });
  }
}

/**
 * A copy that does not hold the longer string it was cut from in memory. Differs from the name where that has a lone
 * surrogate: the backend would answer with another name, so such a one is never asked for.
 */
function flat(name: string): string {
  return Buffer.from(name, 'utf8').toString('utf8');
}

function withinBytes(names: readonly string[]): string[] {
  let bytes = 0;
  return names.filter((name) => (bytes += Buffer.byteLength(name)) <= MAX_BATCH_BYTES);
}

interface Dictionaries {
  readonly bounds: NameBounds;
  readonly endpoints: Dictionary;
  readonly networkAddresses: Dictionary;
}

/** Holds the ids of this epoch by themselves: asked later, it never returns one of another. */
export function v2Names({ epoch, serviceId, instanceId }: Registered, dictionaries: Dictionaries): V2Names {
  const { bounds, endpoints, networkAddresses } = dictionaries;
  const endpointIds = endpoints.ids;
  const addressIds = networkAddresses.ids;
  return {
    protocol: 'v2',
    epoch,
    serviceId,
    instanceId,
    ...bounds,
    endpoint: (name) => endpoints.lookup(name, endpointIds),
    networkAddress: (name) => networkAddresses.lookup(name, addressIds),
    endpointOf: (id) => endpointIds.nameOf(id),
    networkAddressOf: (id) => addressIds.nameOf(id),
  };
}

/** The same for carriers, without counting as a sighting. */
export function v2CarrierNames(
  { epoch, instanceId }: Registered,
  dictionaries: Dictionaries,
  isSound: () => boolean,
): V2Identity {
  const { endpoints, networkAddresses } = dictionaries;
  const endpointIds = endpoints.ids;
  const addressIds = networkAddresses.ids;
  return {
    protocol: 'v2',
    epoch,
    instanceId,
    // The backend waits 5 s for the endpoint that a name stands for, then it drops the callee's segment. It learns of
    // the name from our own segments, and these wait for a connection.
    endpoint: (name) => endpoints.known(name, endpointIds) || (isSound() ? 0 : USER_ENDPOINT),
    networkAddress: (name) => networkAddresses.known(name, addressIds),
  };
}
