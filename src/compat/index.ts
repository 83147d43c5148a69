import { runningAgent } from '../agent/place';
import { start as startAgent } from '../agent/start';
import { AgentError } from '../api/errors';
import { define } from '../base/define';
import { firstKeys } from '../base/first-keys';
import { errorMessage } from '../base/text';
import { writeStderr } from '../base/log';
import type { Agent } from '../api/agent';
import type { Options } from '../api/options';

/** What skywalking-backend-js takes in `start()`; what of it has no counterpart is named in the log. */
export interface AgentConfig {
  serviceName?: string | undefined;
  serviceInstance?: string | undefined;
  collectorAddress?: string | undefined;
  secure?: boolean | undefined;
  authorization?: string | undefined;
  maxBufferSize?: number | undefined;
  coldEndpoint?: boolean | undefined;
  disablePlugins?: string | undefined;
  ignoreSuffix?: string | undefined;
  traceIgnorePath?: string | undefined;
  httpIgnoreMethod?: string | undefined;
  sqlTraceParameters?: boolean | undefined;
  sqlParametersMaxLength?: number | undefined;
  mongoTraceParameters?: boolean | undefined;
  mongoParametersMaxLength?: number | undefined;
  awsLambdaFlush?: number | undefined;
  awsLambdaChain?: boolean | undefined;
  awsSQSCheckBody?: boolean | undefined;
  traceTimeout?: number | undefined;
  runtimeMetricsReporterActive?: boolean | undefined;
  runtimeMetricsReportPeriod?: number | undefined;
}

/** A snapshot, read-only: what `start()` was given, and the names by which the backend knows us. */
export const config: AgentConfig & Record<string, unknown> = {};

/** More than there are. */
const MAX_OPTIONS = 300;

let stopping: Promise<void> | undefined;

const agent = {
  /**
   * Starts the agent. Other than there, the environment goes before the options; options of skyanchor are taken, too.
   * Throws nothing: with a fault in the configuration, one line is written and the application runs untraced.
   */
  start(options?: AgentConfig & Options): void {
    try {
      const given = options ?? {};
      describe(startAgent(given), given);
    } catch (error) {
      const lines =
        error instanceof AgentError && error.faults.length > 0
          ? error.faults.map(
              ({ name, value, source, expected }) => `${name} = ${value} (${source}): expected ${expected}`,
            )
          : [errorMessage(error)];
      writeStderr(['the application runs untraced:', ...lines].map((line) => `skyanchor error: ${line}\n`).join(''));
    }
  },

  /** Sends what waits. Null where nothing does. */
  flush(): Promise<null> | null {
    const running = runningAgent();
    const { buffered = 0, inFlight = 0 } = running?.status().segments ?? {};
    if (!running || buffered + inFlight === 0) return null;
    return running.flush().then(() => null);
  },

  /** Ends the agent, in the background. */
  destroy(): void {
    stopping = runningAgent()?.stop() ?? stopping;
  },
};

/** The agent that {@link config} shows. Options of a later start change nothing of it. */
let shown: Agent | undefined;

/** Later values, too: an instance gets its name shortly after the start. */
function describe(started: Agent, options: AgentConfig): void {
  if (started === shown) return;
  shown = started;
  const names = {
    get serviceName() {
      return started.status().service;
    },
    get serviceInstance() {
      return started.status().instance ?? undefined;
    },
  };
  for (const [name, property] of Object.entries({ ...propertiesOf(options), ...propertiesOf(names) }))
    // The application may have frozen its own.
    define(config, name, { ...property, configurable: true });
}

function propertiesOf(options: object): PropertyDescriptorMap {
  try {
    const names = firstKeys(options, MAX_OPTIONS);
    return Object.fromEntries(names.map((name) => [name, Object.getOwnPropertyDescriptor(options, name) ?? {}]));
  } catch {
    // A proxy of the application's threw. The agent runs all the same.
    return {};
  }
}

export { agent as default };
export { ContextManager } from './current-context';
export { SpanContext } from './spans';
export { ContextCarrier, type CarrierItem } from './carrier';
export { Component, SpanLayer, Tag } from './names';
export type { Span } from './spans';
