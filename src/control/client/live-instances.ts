import { firstKeys } from '../../base/first-keys';
import { UNPRINTABLE } from '../../base/text';
import { hostname } from 'node:os';
import type { RegistrationStatus } from '../../api/status';
import type { Clock } from '../../base/clock';
import { Liveness, ownIdentity } from '../../status/liveness';
import { namesOf, type StatusEntry, StatusStore } from '../../status/status-store';
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTrusted } from '../../base/file/trusted-file';

/** The value at a path in an untrusted document. */
export function field(document: unknown, ...path: readonly string[]): unknown {
  let at = document;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** For a terminal: text and numbers only, without anything that would steer it. */
export function printableField(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.replace(UNPRINTABLE, '?') : '-';
}

/** JSON for a terminal and for programs, which read the same from it: what is not printable is escaped. */
export function printableJson(value: unknown, indent?: number): string {
  const escape = (text: string): string =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
  // Within strings JSON has no line breaks of its own.
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (text) => (text === '\n' ? text : escape(text)));
}

/** An instance in the status file. Other processes write that file, so no value in it is assumed to have a type. */
export interface Instance {
  readonly name: string;
  readonly entry: StatusEntry;
}

/** Both sorted by name. */
export interface InstanceList {
  readonly live: readonly Instance[];
  /** Their processes have ended without taking their entries away. */
  readonly dead: readonly Instance[];
}

/** The instances in a status file, divided into live and dead processes. */
export class LiveInstances {
  private readonly store: StatusStore;
  private liveness: Liveness | undefined;

  constructor(
    statusFile: string,
    private readonly clock: Clock,
  ) {
    this.store = new StatusStore({ path: statusFile, token: '', clock });
  }

  /** The live ones. Rejects where the file is there and cannot be read. */
  async read(): Promise<readonly Instance[]> {
    return (await this.readAll()).live;
  }

  /** Rejects where the file is there and cannot be read. */
  async readAll(): Promise<InstanceList> {
    const entries = await this.store.read();
    this.liveness ??= new Liveness(hostname(), await ownIdentity());
    const live: Instance[] = [];
    const dead: Instance[] = [];
    for (const name of namesOf(entries)) {
      const entry = entries.get(name);
      if (!entry) continue;
      const isLive = this.liveness.isLive(entry, this.clock.now());
      (isLive ? live : dead).push({ name, entry });
    }
    return { live, dead };
  }
}

/**
 * Whose the status file is, where that is neither root, this user nor the owner of its directory or of the command file:
 * in a directory like /tmp any user may have put it there.
 */
export async function strangerNote({
  commandFile,
  statusFile,
}: {
  readonly commandFile: string;
  readonly statusFile: string;
}): Promise<string | undefined> {
  const ownerBy = (look: typeof stat, path: string): Promise<number | undefined> =>
    look(path).then(
      ({ uid }) => uid,
      () => undefined,
    );
  const owner = await ownerBy(lstat, statusFile);
  const owners = [await ownerBy(stat, dirname(statusFile)), await ownerBy(stat, commandFile)];
  const trust = { uid: process.geteuid?.(), owners: owners.filter((uid) => uid !== undefined) };
  if (owner === undefined || trust.uid === undefined || isTrusted(owner, trust)) return undefined;
  return `${statusFile} belongs to user ${owner}, who alone vouches for what it says`;
}

/** Those of the instances that listen to this very file; a status file may be shared by more. */
export async function watchersOf(commandFile: string, live: readonly Instance[]): Promise<readonly Instance[]> {
  const real = await realPathOf(commandFile);
  const watching: Instance[] = [];
  for (const instance of live) {
    const file = field(instance.entry, 'commands', 'file');
    if (typeof file === 'string' && (file === commandFile || (await realPathOf(file)) === real))
      watching.push(instance);
  }
  return watching;
}

async function realPathOf(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

/** In which phases the backend knows the instance. */
const KNOWS_INSTANCE: Readonly<Record<RegistrationStatus['phase'], boolean>> = {
  unregistered: false,
  'service-known': false,
  registered: true,
  connecting: false,
  connected: true,
  disabled: false,
  stopped: false,
};
const BY_PHASE: ReadonlyMap<unknown, boolean> = new Map(Object.entries(KNOWS_INSTANCE));

/** Whether the backend knows the instance, by its status entry or its `status()`. */
export function isRegistered(entry: unknown): boolean {
  return BY_PHASE.get(field(entry, 'registration', 'phase')) === true;
}

/** More than an agent knows. */
const MAX_DROP_REASONS = 20;

/** How many segments were lost, by reason. */
export function dropsOf(entry: unknown): readonly (readonly [reason: string, count: unknown])[] {
  const drops = field(entry, 'segments', 'droppedBecause');
  if (Array.isArray(drops)) return [];
  return firstKeys(drops, MAX_DROP_REASONS).map((reason) => [reason, field(drops, reason)] as const);
}
