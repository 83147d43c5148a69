import type { Agent } from '../api/agent';
import type { Tracer } from '../tracing/tracer';
import { RunningAgent } from './running-agent';

export interface Started {
  readonly agent: Agent;
  /** What it was started with. */
  readonly given: string;
  /** Says so once, however often it happens. */
  warnOfOtherOptions: (() => void) | undefined;
  /** It is stopping: settles when it has stopped. Undefined: it runs. */
  stopping: Promise<void> | undefined;
}

/**
 * In the process rather than in this module: a second copy of skyanchor (another version in node_modules, a test
 * runner's module registry) must find the agent that runs, not patch everything once more.
 */
export const PLACE = Symbol.for('skyanchor.agent');
export const place = globalThis as { [PLACE]?: Started | undefined };

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
