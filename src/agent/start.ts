import { inspect, types } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { systemClock } from '../base/clock';
import { firstKeys } from '../base/first-keys';
import { Log } from '../base/log';
import type { Config } from '../config/config';
import { processConfig } from '../config/process-config';
import type { Options } from '../api/options';
import type { Agent } from '../api/agent';
import { noopAgent } from './noop-agent';
import { PLACE, place, type Started } from './place';
import { RunningAgent } from './running-agent';

/**
 * Starts the agent of this process, in the background. A second call returns the agent that runs; after `stop()`, whether
 * that has settled or not, it makes a new one, which traces at once and registers when the one before has stopped. In a
 * worker thread it returns a disabled agent.
 *
 * @throws AgentError `INVALID_CONFIGURATION` with every fault at once, and nothing else
 */
export function start(options: Options = {}): Agent {
  const running = place[PLACE];
  if (running && !running.stopping) {
    const given = textOf(options);
    if (given !== NO_OPTIONS && given !== running.given) {
      running.warnOfOtherOptions?.();
      running.warnOfOtherOptions = undefined;
    }
    return running.agent;
  }
  const config = processConfig(options);
  if (isMainThread) sayRefusals(config);
  if (!isMainThread || !config.enabled) return noopAgent(config, systemClock);
  const agent = new RunningAgent(config, {
    ...(running?.stopping && { previous: running.stopping }),
    onStop: (stopped) => {
      started.stopping = stopped;
      void stopped.then(() => {
        if (place[PLACE] === started) place[PLACE] = undefined;
      });
    },
  });
  const started: Started = {
    agent,
    given: textOf(options),
    warnOfOtherOptions: () => agent.warn('start() was called again with other options; those of the first call hold'),
    stopping: undefined,
  };
  place[PLACE] = started;
  return agent;
}

function sayRefusals({ refusals, logger, logLevel }: Config): void {
  const log = new Log(systemClock, logger, logLevel);
  for (const refusal of refusals) log.error(refusal);
}

const NO_OPTIONS = '{}';
/** More than there are. */
const MAX_OPTIONS = 300;

/**
 * Text, since each of a test runner's suites has a realm of its own: equal options differ there in their prototypes. A
 * logger is the application's, and shows itself as it likes; it is neither asked nor looked into.
 */
function textOf(options: Options): string {
  try {
    // Without loading what `inspect` is made of: `register` gives none.
    const keys = firstKeys(options, MAX_OPTIONS);
    if (keys.length === 0) return NO_OPTIONS;
    const given = options as Readonly<Record<string, unknown>>;
    return inspect(Object.fromEntries(keys.map((key) => [key, beginningOf(given[key])])), {
      sorted: true,
      customInspect: false,
      depth: 1,
    });
  } catch {
    return '';
  }
}

/** An object of very many keys is compared by the first of them; a list is cut by `inspect` itself. */
function beginningOf(value: unknown): unknown {
  if (Array.isArray(value) || types.isProxy(value)) return value;
  const keys = firstKeys(value, MAX_OPTIONS + 1);
  return keys.length > MAX_OPTIONS ? keys : value;
}
