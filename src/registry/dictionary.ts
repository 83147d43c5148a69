import type { Clock } from '../base/clock';
import { Ids } from './ids';

export interface DictionaryCounts {
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
}

/** Names that the dictionary knows or waits for. More are sent as strings. */
const MOST_NAMES = 10_000;
/** Names seen once are remembered in two generations of this size. */
const MOST_SEEN = 5_000;
/** A longer name costs more memory than its id saves. In UTF-16 code units. */
const LONGEST_NAME = 512;
const MOST_IN_BATCH = 100;

const FIRST_MS = 20;
const LONGEST_MS = 1_000;
/** From so many answers without an id on (about half a minute), a name is asked for only now and then. */
const PATIENT_ATTEMPTS = 30;
const SELDOM_MS = 30_000;

/**
 * One kind of name (endpoints, network addresses) and the ids that the backend of now gave them. An id never goes
 * stale while we are registered, so which name was used last says nothing: a name is admitted when it is seen a second
 * time, and once the dictionary is full it stays as it is. With one-off names (a tenth of them, say) an LRU would ask
 * for each; this asks for none.
 */
export class Dictionary {
  private current = new Ids();
  private readonly waiting = new Map<string, Pending>();
  /** Names that have an id which the backend has given to another name as well. */
  private readonly disputed = new Set<string>();
  private seen = new Set<string>();
  private seenBefore = new Set<string>();
  private refused = 0;
  private batchSize = MOST_IN_BATCH;

  constructor(
    private readonly clock: Clock,
    /** A name was admitted and is due to be asked for. */
    private readonly onAdmit: () => void = () => undefined,
  ) {}

  /** Those of now, until all is forgotten; then another object. */
  get ids(): Ids {
    return this.current;
  }

  /**
   * The id of a name, or 0: send the name. Every look-up counts as a sight, unless it is made by ids of before: those
   * answer for their own epoch and learn nothing more.
   */
  lookup(name: string, ids = this.current): number {
    return ids.get(name) ?? (ids === this.current ? this.see(name) : 0);
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

  /** The names to ask for now, at most a hundred, those first that have waited longest for their turn. */
  batch(): string[] {
    const now = this.clock.elapsed();
    const names: string[] = [];
    for (const [name, { dueAt }] of this.waiting) {
      if (dueAt > now) continue;
      names.push(name);
      if (names.length === this.batchSize) break;
    }
    return names;
  }

  /**
   * What the backend answered to a batch. Names without an id are asked for again, later and behind the others. So are,
   * now and then, those that were given the id of another name, which is in dispute from then on.
   */
  learn(asked: readonly string[], answers: ReadonlyMap<string, number>): void {
    this.batchSize = Math.min(MOST_IN_BATCH, this.batchSize * 2);
    for (const name of asked) {
      if (!this.waiting.has(name)) continue;
      const id = answers.get(name) ?? 0;
      if (id <= 0) this.postpone(name);
      else if (this.current.give(name, id)) this.waiting.delete(name);
      else this.dispute(name, id);
    }
  }

  /** The names that have an id in dispute; nothing is to be sent until `settle`. */
  inDispute(): string[] {
    return [...this.disputed];
  }

  /** @returns whether each of these names has, by this answer, the id that we know it by */
  settle(asked: readonly string[], answers: ReadonlyMap<string, number>): boolean {
    for (const name of asked) this.disputed.delete(name);
    return asked.every((name) => answers.get(name) === this.current.get(name));
  }

  /**
   * The backend refused a batch. Nobody knows which name it was, so the next batches are smaller, until the bad one
   * stands alone and is put off.
   */
  refuse(asked: readonly string[]): void {
    this.batchSize = Math.max(1, Math.floor(asked.length / 2));
    for (const name of asked) this.postpone(name, asked.length === 1 ? PATIENT_ATTEMPTS : undefined);
  }

  /** Forgets everything, what is known and what is asked for: after a reset no name may keep an id of before. */
  clear(): void {
    this.current = new Ids();
    this.waiting.clear();
    this.disputed.clear();
    this.seen.clear();
    this.seenBefore.clear();
    this.refused = 0;
    this.batchSize = MOST_IN_BATCH;
  }

  counts(): DictionaryCounts {
    return { known: this.current.known, pending: this.waiting.size, refused: this.refused };
  }

  private see(name: string): number {
    if (name.length === 0 || name.length > LONGEST_NAME) return 0;
    if (!this.seen.has(name) && !this.seenBefore.has(name)) {
      const kept = flat(name);
      if (kept === name) this.remember(kept);
      return 0;
    }
    if (this.current.admitted < MOST_NAMES) this.admit(flat(name));
    else this.refused++;
    return 0;
  }

  private remember(name: string): void {
    if (this.seen.size >= MOST_SEEN) {
      this.seenBefore = this.seen;
      this.seen = new Set();
    }
    this.seen.add(name);
  }

  private admit(name: string): void {
    this.seen.delete(name);
    this.seenBefore.delete(name);
    this.current.admit(name);
    this.waiting.set(name, { attempts: 0, dueAt: this.clock.elapsed(), disputedId: 0 });
    this.onAdmit();
  }

  private dispute(name: string, id: number): void {
    const holder = this.current.nameOf(id);
    // The same answer twice: that was settled then, and says nothing new.
    const isNew = this.waiting.get(name)?.disputedId !== id;
    if (holder !== undefined && isNew) this.disputed.add(holder);
    this.postpone(name, PATIENT_ATTEMPTS, id);
  }

  private postpone(name: string, atLeastAttempts = 0, disputedId = 0): void {
    const pending = this.waiting.get(name);
    if (!pending) return;
    // Deleted and set again, so that it stands behind the others.
    this.waiting.delete(name);
    const attempts = Math.max(pending.attempts + 1, atLeastAttempts);
    const waitMs = attempts >= PATIENT_ATTEMPTS ? SELDOM_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1));
    this.waiting.set(name, { attempts, dueAt: this.clock.elapsed() + waitMs, disputedId });
  }
}

/**
 * A copy that does not hold the longer string it was cut from in memory. Differs from the name where that has a lone
 * surrogate: the backend would answer with another name, so such a one is never asked for.
 */
function flat(name: string): string {
  return Buffer.from(name, 'utf8').toString('utf8');
}
