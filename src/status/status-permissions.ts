import type { Stats } from 'node:fs';
import { lstat, stat, type FileHandle } from 'node:fs/promises';
import { isTrusted, type Trust } from '../base/file/file-trust';

/** Who may read the status file. */
export interface Permissions {
  readonly mode: number;
  /** The group that the mode means; undefined: the one that the file gets. */
  readonly gid?: number;
}

export interface StatusPermissionsOptions {
  /** As configured. */
  readonly mode: number | undefined;
  readonly commandFile: string | undefined;
  readonly trust: Trust;
}

/**
 * The permissions of the status file: those that were configured, else those of the command file, since both show what
 * handlers say of their errors. Undefined where there is none that counts.
 */
export async function statusPermissions(options: StatusPermissionsOptions): Promise<Permissions | undefined> {
  const { mode, commandFile, trust } = options;
  if (mode !== undefined) return { mode };
  if (commandFile === undefined) return undefined;
  const isOurs = ({ uid }: Stats): boolean => trust.uid === undefined || isTrusted(uid, trust);
  try {
    // Another user could have put a link there that leads to a file which all may read.
    if (!isOurs(await lstat(commandFile))) return undefined;
    const stats = await stat(commandFile);
    return stats.isFile() && isOurs(stats) ? { mode: 0o600 | (stats.mode & 0o044), gid: stats.gid } : undefined;
  } catch {
    return undefined;
  }
}

/** Where the file cannot have the group, its own group may do what all may. */
export async function givePermissions(handle: FileHandle, { mode, gid }: Permissions): Promise<void> {
  const hasGroup = gid === undefined || (await giveGroup(handle, gid));
  await handle.chmod(hasGroup ? mode : (mode & ~0o070) | ((mode & 0o007) << 3));
}

async function giveGroup(handle: FileHandle, gid: number): Promise<boolean> {
  if ((await handle.stat()).gid === gid) return true;
  try {
    await handle.chown(-1, gid);
    return true;
  } catch {
    return false;
  }
}
