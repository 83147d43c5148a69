import type { Clock } from '../base/clock';

export interface DictionaryCounts {
  readonly known: number;
  readonly pending: number;
  /** Names that were not admitted because the dictionary is full. */
  readonly refused: number;
}

interface Pending {
  attempts: number;
  dueAt: number;
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
  /** An id, or 0 while it is asked for. */
  private readonly ids = new Map<string, number>();
  private readonly waiting = new Map<string, Pending>();
  private seen = new Set<string>();
  private seenBefore = new Set<string>();
  private refused = 0;
  private batchSize = MOST_IN_BATCH;

  constructor(
    private readonly clock: Clock,
    /** A name was admitted and is due to be asked for. */
    private readonly onAdmit: () => void = () => undefined,
  ) {}

  /** The id of a name, or 0: send the name. Every look-up counts as a sight. */
  lookup(name: string): number {
    return this.ids.get(name) ?? this.see(name);
  }

  /** The same without counting: for who looks a name up beside the one whose sight it is. */
  known(name: string): number {
    return this.ids.get(name) ?? 0;
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

  /** What the backend answered to a batch. Names without an id are asked for again, later and behind the others. */
  learn(asked: readonly string[], answers: ReadonlyMap<string, number>): void {
    this.batchSize = Math.min(MOST_IN_BATCH, this.batchSize * 2);
    for (const name of asked) {
      const id = answers.get(name);
      if (id !== undefined && id > 0) {
        this.ids.set(name, id);
        this.waiting.delete(name);
      } else this.postpone(name);
    }
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
    this.ids.clear();
    this.waiting.clear();
    this.seen.clear();
    this.seenBefore.clear();
    this.refused = 0;
    this.batchSize = MOST_IN_BATCH;
  }

  counts(): DictionaryCounts {
    return { known: this.ids.size - this.waiting.size, pending: this.waiting.size, refused: this.refused };
  }

  private see(name: string): number {
    if (name.length === 0 || name.length > LONGEST_NAME) return 0;
    if (!this.seen.has(name) && !this.seenBefore.has(name)) {
      const kept = flat(name);
      if (kept === name) this.remember(kept);
      return 0;
    }
    if (this.ids.size < MOST_NAMES) this.admit(flat(name));
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
    this.ids.set(name, 0);
    this.waiting.set(name, { attempts: 0, dueAt: this.clock.elapsed() });
    this.onAdmit();
  }

  private postpone(name: string, atLeastAttempts = 0): void {
    const pending = this.waiting.get(name);
    if (!pending) return;
    // Deleted and set again, so that it stands behind the others.
    this.waiting.delete(name);
    const attempts = Math.max(pending.attempts + 1, atLeastAttempts);
    const waitMs = attempts >= PATIENT_ATTEMPTS ? SELDOM_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1));
    this.waiting.set(name, { attempts, dueAt: this.clock.elapsed() + waitMs });
  }
}

/**
 * A copy that does not hold the longer string it was cut from in memory. Differs from the name where that has a lone
 * surrogate: the backend would answer with another name, so such a one is never asked for.
 */
function flat(name: string): string {
  return Buffer.from(name, 'utf8').toString('utf8');
}
