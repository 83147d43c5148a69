/** One thing wrong with the configuration. A secret's `value` is never the secret. */
export interface Fault {
  /** The option's name, such as `protocol`. */
  readonly name: string;
  /** What was given, as text; `***` for a secret. */
  readonly value: string;
  /** Where it came from: `flag --skyanchor-protocol`, `environment SW_AGENT_PROTOCOL`, `start()`, `file skyanchor.config.json`. */
  readonly source: string;
  /** What would have been right. */
  readonly expected: string;
}

export type AgentErrorCode = 'INVALID_CONFIGURATION' | 'TIMEOUT' | 'STOPPED';

/** The only error that skyanchor throws or rejects with. */
export class AgentError extends Error {
  override readonly name = 'AgentError';

  constructor(
    readonly code: AgentErrorCode,
    message: string,
    /** With `INVALID_CONFIGURATION`: every fault at once. Otherwise empty. */
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }

  static ofFaults(faults: readonly Fault[]): AgentError {
    const lines = faults.map(
      ({ name, value, source, expected }) => `${name} = ${value} (${source}): expected ${expected}`,
    );
    return new AgentError('INVALID_CONFIGURATION', `invalid configuration: ${lines.join('; ')}`, faults);
  }
}
