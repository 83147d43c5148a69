import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { systemClock } from '../base/clock';
import { Log } from '../base/log';
import type { Config } from '../config/config';
import { processConfig } from '../config/process-config';
import type { Options } from '../api/options';
import type { Agent } from '../api/agent';
import type { Tracer } from '../tracing/tracer';
import { noopAgent } from './noop-agent';
import { RunningAgent } from './running-agent';

interface Started {
  readonly agent: Agent;
  /** What it was started with. */
  readonly given: string;
  /** Says so once, however often it happens. */
  warnOfOtherOptions: (() => void) | undefined;
}

/**
 * In the process rather than in this module: a second copy of skyanchor (another version in node_modules, a test
 * runner's module registry) must find the agent that runs, not patch everything once more.
 */
const PLACE = Symbol.for('skyanchor.agent');
const place = globalThis as { [PLACE]?: Started | undefined };

/**
 * Starts the agent of this process, in the background. A second call returns the agent that runs; after `stop()` it
 * makes a new one. In a worker thread it returns a disabled agent.
 *
 * @throws AgentError `INVALID_CONFIGURATION` with every fault at once, and nothing else
 */
export function start(options: Options = {}): Agent {
  const running = place[PLACE];
  if (running) {
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
  const given = textOf(options);
  const agent = new RunningAgent(config, () => {
    if (place[PLACE]?.agent === agent) place[PLACE] = undefined;
  });
  place[PLACE] = {
    agent,
    given,
    warnOfOtherOptions: () => agent.warn('start() was called again with other options; those of the first call hold'),
  };
  return agent;
}

/** The agent of this process, for `skyanchor/compat`; undefined: none runs, or one of another copy of skyanchor. */
export function runningAgent(): RunningAgent | undefined {
  const agent = place[PLACE]?.agent;
  return agent instanceof RunningAgent ? agent : undefined;
}

export function runningTracer(): Tracer | undefined {
  return runningAgent()?.tracer;
}

const said = new Set<string>();

/** In the agent's log, once a process. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  runningAgent()?.warn(message);
}

function sayRefusals({ refusals, logger, logLevel }: Config): void {
  const log = new Log(systemClock, logger, logLevel);
  for (const refusal of refusals) log.error(refusal);
}

const NO_OPTIONS = '{}';

/**
 * Text, since each of a test runner's suites has a realm of its own: equal options differ there in their prototypes. A
 * logger is the application's, and shows itself as it likes; it is neither asked nor looked into.
 */
function textOf(options: Options): string {
  try {
    return inspect({ ...options }, { sorted: true, customInspect: false, depth: 1 });
  } catch {
    return '';
  }
}
