import type { Config } from '../config/config';
import { modules } from '../base/lazy';
import { numberedName } from '../base/numbered-name';

/** Where the names of live processes are written down; `undefined`: it cannot be written or locked in time. */
interface Registry {
  claim(name: string): Promise<string | undefined>;
}

/**
 * The name of this process. Given by people, it gets the lowest number that no live process of the same status file
 * uses; without that file, the number that pm2 or `cluster` gave. Without a given name, a UUID.
 */
export async function claimName(config: Config, registry: Registry | undefined): Promise<string> {
  const wanted = config.instanceName ?? modules.uuid().v4();
  const claimed = await registry?.claim(wanted);
  if (claimed !== undefined) return claimed;
  return config.instanceName === undefined ? wanted : numberedName(wanted, config.processNumber);
}
