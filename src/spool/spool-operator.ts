import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock';
import { Claims, removeKey, tokenOf } from './claim';
import { countSegments, FileDelivery, ownerOf, type BlockResult, type ReadJob } from './file-delivery';
import { LEASE_MS } from './lease-watch';
import type { BlockTransport, SpoolCodec } from './ports';
import { spoolKey, SpoolDirectory, type KeyListing, type SpoolOwner } from './spool-directory';

/**
 * What one process has in a spool. `live`: it runs, or seems to: it is on another host, or in another container, and has
 * shown that it lives in the last minute and a half. `claimed`: another process delivers it.
 */
export interface SpoolEntry {
  readonly key: string;
  /** Undefined: nothing says whose it is. */
  readonly owner: SpoolOwner | undefined;
  readonly state: 'live' | 'dead' | 'claimed';
  readonly files: number;
  readonly bytes: number;
  readonly segments: number;
  /** When the oldest file was last written to, milliseconds since 1970; undefined: there is no file. */
  readonly oldest: number | undefined;
  readonly corrupt: number;
}

interface SendOptions {
  readonly codec: SpoolCodec;
  readonly transport: BlockTransport;
  readonly delivery: 'at-most-once' | 'at-least-once' | undefined;
  onResult(count: number, result: BlockResult): void;
  onDamage(text: string): void;
}

const DEAD_AFTER_MS = 90_000;
/** The backend may take so long until it takes segments again. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 1_000;

/** A spool in the hands of an operator: looks at it once, where an agent watches it for a minute. */
export class SpoolOperator {
  private readonly directory: SpoolDirectory;
  private readonly claims: Claims;
  private readonly key: string;

  constructor(
    path: string,
    private readonly clock: Clock,
  ) {
    const directory = new SpoolDirectory(path);
    this.directory = directory;
    this.key = spoolKey({ service: 'skyanchor', instance: 'spool' }, clock.now(), randomBytes(4).toString('hex'));
    const isLive = (listing: KeyListing): Promise<boolean> => this.isLive(listing);
    const isLiveKey = (key: string): Promise<boolean> => this.isLiveKey(key);
    this.claims = new Claims({ directory, clock, leases: { isLive, isLiveKey } });
  }

  /** Rejects where it is no directory that can be looked at. */
  async checkKind(): Promise<void> {
    await this.directory.checkKind();
  }

  /** For {@link list} alone. As root, nothing is shown of files that are not the directory owner's. */
  async enter(): Promise<void> {
    await this.directory.enter();
  }

  /** Rejects where a user who is neither root, this one nor one of these could decide what is sent or dropped. */
  async checkOwners(owners: readonly number[]): Promise<void> {
    await this.directory.checkOwners(owners);
  }

  /** What has something in it, by key. Rejects where the directory cannot be read. */
  async list(): Promise<readonly SpoolEntry[]> {
    await this.directory.checkKind();
    const entries: SpoolEntry[] = [];
    for (const listing of (await this.directory.list()).values()) {
      const { key, files, corrupt } = listing;
      if (files.length + corrupt.length === 0) continue;
      let segments = 0;
      for (const file of files) segments += await countSegments(this.directory, file);
      entries.push({
        key,
        owner: await ownerOf(this.directory, listing),
        state: await this.stateOf(listing),
        files: files.length,
        bytes: [...files, ...corrupt].reduce((sum, { bytes }) => sum + bytes, 0),
        segments,
        oldest: files[0]?.time,
        corrupt: corrupt.length,
      });
    }
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Delivers what a dead process has left. @returns a text: why that did not come to its end */
  async send(key: string, options: SendOptions, signal: AbortSignal): Promise<string | undefined> {
    const { clock, directory } = this;
    const owner = await directory.ownOwner({ service: 'skyanchor', instance: 'spool' }, clock.now());
    await directory.writeJson(`${this.key}.owner`, owner, tokenOf(this.key));
    try {
      return await this.deliver(key, options, signal);
    } finally {
      await directory.remove(`${this.key}.owner`).catch(() => undefined);
    }
  }

  /** Removes what a dead process has left. @returns whether it was there to be removed */
  async drop(key: string): Promise<boolean> {
    return this.claims.locked(async () => {
      const listing = await this.directory.listKey(key);
      if (!listing || (await this.stateOf(listing)) !== 'dead') return false;
      for (const { name } of listing.corrupt) await this.directory.remove(name);
      await removeKey(this.directory, listing);
      return true;
    });
  }

  private async deliver(key: string, options: SendOptions, signal: AbortSignal): Promise<string | undefined> {
    const { claims, clock, directory } = this;
    const claim = await claims.take(key, this.key);
    if (!claim) return 'another process has it';
    let touchedAt = clock.elapsed();
    const touch = async (): Promise<boolean> => {
      if (clock.elapsed() - touchedAt >= LEASE_MS) {
        await directory.touch(`${this.key}.owner`, clock.now());
        touchedAt = clock.elapsed();
      }
      return !signal.aborted;
    };
    const reading = new FileDelivery({
      ...options,
      directory,
      claims,
      onBlock: touch,
      onDamage: (name, { type, from, to, reason }) =>
        options.onDamage(`${to - from} bytes of ${name} at ${from} are ${type}: ${reason}`),
    });
    const isStillOurs = (): Promise<boolean> => claims.isHeldBy(key, this.key);
    const job: ReadJob = {
      key,
      token: tokenOf(this.key),
      isOwn: false,
      isStillOurs,
      onResult: (count, result) => options.onResult(count, result),
    };
    for (const { name, sequence } of (await directory.listKey(key))?.files ?? []) {
      const end = claim.ends?.[name];
      if (end === undefined) continue;
      for (let until = clock.elapsed() + PATIENCE_MS; ;) {
        const before = await claims.position(key);
        const ending = await reading.run(job, { name, sequence, end }, signal);
        if (ending === 'delivered') break;
        if (ending === 'lost') return 'another process has taken it over';
        const after = await claims.position(key);
        if (after.offset !== before.offset) until = clock.elapsed() + PATIENCE_MS;
        if (signal.aborted || clock.elapsed() >= until) return 'the backend does not take it';
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
    await claims.finish(key, this.key);
    const listing = await directory.listKey(key);
    if (listing) await removeKey(directory, listing);
    return undefined;
  }

  private async stateOf(listing: KeyListing): Promise<SpoolEntry['state']> {
    if (await this.isLive(listing)) return 'live';
    const claim = await this.claims.read(listing.key);
    return claim && !claim.isDone && (await this.isLiveKey(claim.by)) ? 'claimed' : 'dead';
  }

  private async isLiveKey(key: string): Promise<boolean> {
    return this.isLive({ key, ownerTime: await this.directory.ownerTime(key) });
  }

  /** An agent watches for a minute whether another one still shows that it lives. Here its last sign has to do. */
  private async isLive({ key, ownerTime }: Pick<KeyListing, 'key' | 'ownerTime'>): Promise<boolean> {
    if (ownerTime === undefined) return false;
    const owner = await this.directory.readOwner(key);
    const state = owner ? await this.directory.stateOf(owner) : 'unseen';
    return state === 'running' || (state === 'unseen' && this.clock.now() - ownerTime < DEAD_AFTER_MS);
  }
}
