import type { Clock, Timer } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { toIso } from '../../base/time';
import type { Logger } from '../../api/options';
import type { Kind, NetworkAddressRow, RowOf, Unnumbered } from '../store/row';
import type { Commit, Store } from '../store/store';
import { RowTable } from './id-table';
import { rowsFor } from './rows';

interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
  readonly idDelayMs: number;
  readonly deafMs: number;
  /** Whether new names lead to anything. */
  readonly hasRegistrar: () => boolean;
  /** The most names of each kind. */
  readonly maxNames: number;
}

/** The real server's tables hold no longer row key: such a name never gets an id, however often it is asked for. */
const LONGEST_KEY = 300;

/**
 * One node's way to the storage. It knows nothing of being alone: every id is given by compare-and-set on the version
 * that this node has seen, and again after what others wrote meanwhile.
 */
export class Registry {
  rows = new RowTable();
  /** Keys of rows that are on their way: asking twice creates once. */
  private readonly underway = new Set<string>();
  private readonly timers = new Set<Timer>();
  /** The kinds of which that was said. */
  private readonly full = new Set<Kind>();
  private turn: Promise<unknown> = Promise.resolve();
  private isStopped = false;
  private readonly hearsFrom: number;

  constructor(private readonly options: RegistryOptions) {
    this.hearsFrom = options.clock.elapsed() + options.deafMs;
  }

  /** Learns what others have written. */
  async catchUp(): Promise<void> {
    await this.inTurn(() => this.read());
  }

  /**
   * The rows that are there, in the order asked for. Those that are not are created, but later: this answer leaves them
   * out.
   */
  async getOrCreate<K extends Kind>(rows: readonly Unnumbered<RowOf<K>>[]): Promise<readonly (RowOf<K> | undefined)[]> {
    let found = this.findAll(rows);
    if (found.includes(undefined)) {
      await this.catchUp();
      found = this.findAll(rows);
    }
    this.create(rows.filter((_, index) => found[index] === undefined));
    return found;
  }

  /**
   * Network addresses that are known to the end. Behind each stands a service and an instance that the server makes up
   * for it, and each call gets a new name one step further: address, service, instance, and the fourth has the id.
   */
  async getOrCreateAddresses(names: readonly string[]): Promise<readonly (NetworkAddressRow | undefined)[]> {
    const addresses = await this.getOrCreate<'networkAddress'>(names.map((name) => rowsFor.networkAddress(name)));
    const known = addresses.filter((row) => row !== undefined);
    const services = await this.getOrCreate<'service'>(known.map(({ id, name }) => rowsFor.serviceOfAddress(id, name)));
    const served = known.flatMap((address, index) => {
      const service = services[index];
      return service ? [{ address, service }] : [];
    });
    const instances = await this.getOrCreate<'instance'>(
      served.map(({ address, service }) =>
        rowsFor.instanceOfAddress(service.id, address, toIso(this.options.clock.now())),
      ),
    );
    const complete = new Set(served.filter((_, index) => instances[index]).map(({ address }) => address.id));
    return addresses.map((row) => (row && complete.has(row.id) ? row : undefined));
  }

  /** The storage was emptied. The caches are not, and new names begin at the first id again. */
  async outlive(): Promise<void> {
    await this.inTurn(() => {
      this.rows = new RowTable(this.rows);
      return Promise.resolve();
    });
  }

  /** What is on its way is lost, as when a server dies. Nothing is written once the promise has resolved. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) timer.cancel();
    await this.turn;
  }

  private findAll<K extends Kind>(rows: readonly Unnumbered<RowOf<K>>[]): (RowOf<K> | undefined)[] {
    return rows.map(({ kind, key }) => this.rows.find(kind, key));
  }

  private create(rows: readonly Unnumbered[]): void {
    const { clock, idDelayMs, hasRegistrar } = this.options;
    if (this.isStopped || clock.elapsed() < this.hearsFrom || !hasRegistrar()) return;
    const fresh = rows.filter((row) => this.isFresh(row));
    if (fresh.length === 0) return;
    const timer = clock.after(idDelayMs, () => {
      this.timers.delete(timer);
      void this.inTurn(() => this.write(fresh)).finally(() => {
        for (const row of fresh) this.underway.delete(mark(row));
      });
    });
    this.timers.add(timer);
  }

  private isFresh(row: Unnumbered): boolean {
    if (row.key.length > LONGEST_KEY || this.underway.has(mark(row)) || this.isFull(row.kind)) return false;
    this.underway.add(mark(row));
    return true;
  }

  /** What is on its way counts for every kind: then a name waits until it is asked for again. */
  private isFull(kind: Kind): boolean {
    const { logger, maxNames } = this.options;
    const size = this.rows.size(kind);
    if (size >= maxNames && !this.full.has(kind)) {
      this.full.add(kind);
      logger.error(`storage: ${maxNames} names of kind ${kind} are known, new ones get no id`);
    }
    return size + this.underway.size >= maxNames;
  }

  private async write(rows: readonly Unnumbered[]): Promise<void> {
    try {
      for (;;) {
        const commit = this.number(rows);
        if (commit.length === 0 || this.isStopped) return;
        if (await this.options.store.commit(this.rows.version, commit)) {
          this.rows.apply(commit);
          return;
        }
        await this.read();
      }
    } catch (error) {
      // The agent asks again; a storage that another process cleared refuses until this backend is restarted.
      this.options.logger.error(`storage: ${errorMessage(error)}`);
    }
  }

  /** Ids that follow the highest of the version we have seen, for the names that no other node has created meanwhile. */
  private number(rows: readonly Unnumbered[]): Commit {
    const given = new Map<Kind, number>();
    return rows
      .filter(({ kind, key }) => this.rows.find(kind, key) === undefined)
      .map((row) => {
        const id = (given.get(row.kind) ?? this.rows.last(row.kind)) + 1;
        given.set(row.kind, id);
        return { ...row, id };
      });
  }

  private async read(): Promise<void> {
    for (const commit of await this.options.store.read(this.rows.version)) this.rows.apply(commit);
  }

  /** One question to the storage at a time, so that no answer is applied twice. */
  private inTurn(step: () => Promise<void>): Promise<void> {
    const result = this.turn.then(step);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

function mark({ kind, key }: Unnumbered): string {
  return `${kind} ${key}`;
}
