import { realpath } from 'node:fs/promises';
import { field } from './document';
import type { Instance } from './live-instances';

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
