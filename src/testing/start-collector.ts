import { keepAliveWhile } from '../base/keep-alive';
import { Collector } from './collector';
import type { CollectorOptions } from './options';
import { resolveOptions } from './resolve-options';

/**
 * Starts a backend inside this process, for tests and for trying things out. Resolves when every node listens.
 *
 *     const collector = await startCollector();
 *     // … an agent with backends: collector.address …
 *     collector.segments();
 *     await collector.stop();
 *
 * Rejects with AgentError `INVALID_CONFIGURATION`, which names every option that is wrong, or with the reason why a port
 * or the storage cannot be had.
 */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  return keepAliveWhile(Collector.start(resolveOptions(options)));
}
