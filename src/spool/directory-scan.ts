import type { SpoolStatus } from '../api/status';
import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { BlockWriter } from './block-writer';
import { type Claim, type Claims, removeKey, tokenOf } from './claim';
import {
  type BlockResult,
  countSegments,
  type FileDelivery,
  ownerOf,
  type ReadJob,
  type RunEnd,
} from './file-delivery';
import type { LeaseWatch } from './lease-watch';
import { type AdoptPolicy, shouldAdopt } from './policies';
import type { SpoolTransport } from './ports';
import type { KeyListing, SpoolDirectory, SpoolFile, SpoolOwner } from './spool-directory';

interface DirectoryScanOptions {
  readonly directory: SpoolDirectory;
  readonly leases: LeaseWatch;
  readonly claims: Claims;
  readonly writer: BlockWriter;
  readonly reading: FileDelivery;
  readonly transport: SpoolTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly service: string;
  readonly adopt: AdoptPolicy;
  readonly maxAgeMs: number;
  /** What became of segments, this process's own or others'. */
  onResult(count: number, result: BlockResult, whose: 'own' | 'others'): void;
}

/** This many of the processes whose segments were delivered here are shown, the last ones. */
const MAX_ADOPTED = 20;

/** Everything in the directory: what is too old goes, what the dead left is delivered, what is done is cleared away. */
export class DirectoryScan {
  private totals = { directoryFiles: 0, directoryBytes: 0 };
  private readonly adoptedFrom: SpoolStatus['adoptedFrom'][number][] = [];
  /** Keys that others have left with nothing to deliver, and when their owners, which cannot be seen from here, last showed that they live. */
  private readonly leftovers = new Map<string, number>();

  constructor(private readonly options: DirectoryScanOptions) {}

  /** What the last run has found, of all processes together. */
  get status(): Pick<SpoolStatus, 'directoryFiles' | 'directoryBytes' | 'adoptedFrom'> {
    return { ...this.totals, adoptedFrom: [...this.adoptedFrom] };
  }

  /** `delivered`: all of it was looked through. */
  async run(signal: AbortSignal): Promise<RunEnd> {
    const { adopt, claims, directory, leases, service, transport, writer } = this.options;
    const listings = await directory.list();
    leases.keepOnly(listings);
    for (const key of this.leftovers.keys()) if (!listings.has(key)) this.leftovers.delete(key);
    this.totals = totalOf(listings);
    await this.expireOwn(listings.get(writer.key));
    const living: { service: string; instance: string; key: string }[] = [];
    const dead: { listing: KeyListing; owner: SpoolOwner | undefined }[] = [];
    for (const listing of listings.values()) {
      const { key } = listing;
      if (this.isKnownLeftover(listing)) continue;
      const owner = await ownerOf(directory, listing);
      if (key === writer.key || (await leases.isLive(listing, owner))) {
        if (owner) living.push({ ...owner, key });
      } else dead.push({ listing, owner });
    }
    for (const { listing, owner } of dead) {
      // One that cannot be read (the machine lost power) says nothing: it is made anew.
      const claim = listing.isClaimed ? await claims.read(listing.key) : undefined;
      if (!claim) await this.expire(listing);
      if (await this.isCleared(listing, owner, claim)) continue;
      if (!owner || !transport.isReady || signal.aborted) continue;
      const own = { service, key: writer.key };
      const peers = living.filter(({ service }) => service === owner.service);
      const adoptCase = { service: owner.service, own, living: peers, claimedBy: claim?.by };
      if (!shouldAdopt(adopt, adoptCase)) continue;
      if ((await this.adopt(listing.key, owner, signal)) === 'waiting') return 'waiting';
    }
    return 'delivered';
  }

  /** A file goes, and what in it was not delivered yet is lost. */
  async giveUp(key: string, file: SpoolFile, reason: 'spool-full' | 'spool-expired'): Promise<void> {
    const { directory, log, writer } = this.options;
    const own = key === writer.key ? writer.written.find(({ name }) => name === file.name) : undefined;
    const isSpool = file.name.endsWith('.spool');
    const count = own ? own.segments - own.resolved : isSpool ? await countSegments(directory, file) : 0;
    if (own) {
      // It may be among those that are about to be read.
      own.resolved = own.segments;
      try {
        await writer.forget(own);
      } catch (error) {
        // It is still there, and tried again.
        own.resolved -= count;
        throw error;
      }
    } else await directory.remove(file.name);
    if (count === 0) return;
    log.warn(`spool: ${count} segments were given up: ${reason}`, reason);
    this.options.onResult(count, reason, own ? 'own' : 'others');
  }

  private async adopt(key: string, owner: SpoolOwner, signal: AbortSignal): Promise<RunEnd> {
    const { claims, directory, log, reading, writer } = this.options;
    const claimer = writer.key;
    const claim = await claims.take(key, claimer);
    if (!claim) return 'delivered';
    const { service, instance, pid } = owner;
    log.info(`spool: process ${pid} (${instance}) has died; its segments are delivered`);
    this.noteAdopted(service, instance, pid);
    const job: ReadJob = {
      key,
      token: tokenOf(claimer),
      isOwn: false,
      isStillOurs: () => claims.isHeldBy(key, claimer),
      onResult: (count, result) => this.options.onResult(count, result, 'others'),
    };
    const files = (await directory.listKey(key))?.files ?? [];
    for (const { name, sequence } of files) {
      const end = claim.ends?.[name];
      if (end === undefined) continue;
      const ending = await reading.run(job, { name, sequence, end }, signal);
      if (ending !== 'delivered') return ending === 'lost' ? 'delivered' : ending;
    }
    await claims.finish(key, claimer);
    const left = await directory.listKey(key);
    if (left && (await this.mayClear(left, owner))) await removeKey(directory, left);
    return 'delivered';
  }

  private noteAdopted(service: string, instance: string, pid: number): void {
    const { adoptedFrom } = this;
    if (adoptedFrom.some((one) => one.pid === pid && one.instance === instance)) return;
    adoptedFrom.push({ service, instance, pid });
    if (adoptedFrom.length > MAX_ADOPTED) adoptedFrom.shift();
  }

  /** Nothing more is read of it until its owner shows itself again, or it is old enough to be cleared away. */
  private isKnownLeftover({ key, ownerTime, files, corrupt }: KeyListing): boolean {
    if (ownerTime === undefined || this.leftovers.get(key) !== ownerTime || files.length + corrupt.length > 0)
      return false;
    // Looked at in any case: what is not watched counts as live.
    return this.options.leases.isOverdue({ key, ownerTime }) && !this.isExpired({ time: ownerTime });
  }

  /** @returns whether nothing of it is left to deliver */
  private async isCleared(
    listing: KeyListing,
    owner: SpoolOwner | undefined,
    claim: Claim | undefined,
  ): Promise<boolean> {
    const { key, files, ownerTime } = listing;
    const hasFiles = files.length > 0;
    // A claimer that died before it could say so has delivered all that is no longer there.
    const isDone = claim ? claim.isDone || (!hasFiles && !(await this.options.leases.isLiveKey(claim.by))) : !hasFiles;
    if (!isDone) return !hasFiles;
    if (await this.mayClear(listing, owner)) await removeKey(this.options.directory, listing);
    else if (ownerTime !== undefined && owner && (await this.options.directory.stateOf(owner)) === 'unseen')
      this.leftovers.set(key, ownerTime);
    return true;
  }

  /**
   * Whether what a finished delivery leaves is of no use any more. An owner that was only frozen has yet to see it. One
   * that shares no pids with us may be frozen, too, but not for as long as segments are kept: should it come back all
   * the same, it finds its files gone, and begins anew.
   */
  private async mayClear({ key, ownerTime }: KeyListing, owner: SpoolOwner | undefined): Promise<boolean> {
    const state = owner ? await this.options.directory.stateOf(owner) : 'gone';
    if (state !== 'unseen') return state === 'gone';
    // Others' clocks may differ from ours. One that lives is seen by its touching the file, whatever the date is.
    return (
      ownerTime === undefined || (this.isExpired({ time: ownerTime }) && !(await this.options.leases.isLiveKey(key)))
    );
  }

  private async expire({ key, files, corrupt }: KeyListing): Promise<void> {
    for (const file of [...files, ...corrupt]) if (this.isExpired(file)) await this.giveUp(key, file, 'spool-expired');
  }

  private async expireOwn(own: KeyListing | undefined): Promise<void> {
    if (!own) return;
    if ([...own.files, ...own.corrupt].some((file) => this.isExpired(file))) await this.options.writer.rotate();
    await this.expire(own);
  }

  private isExpired({ time }: Pick<SpoolFile, 'time'>): boolean {
    return this.options.clock.now() - time > this.options.maxAgeMs;
  }
}

function totalOf(listings: ReadonlyMap<string, KeyListing>): { directoryFiles: number; directoryBytes: number } {
  let directoryFiles = 0;
  let directoryBytes = 0;
  for (const listing of listings.values()) {
    directoryFiles += listing.files.length;
    for (const file of [...listing.files, ...listing.corrupt]) directoryBytes += file.bytes;
  }
  return { directoryFiles, directoryBytes };
}
