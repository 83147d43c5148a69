export { start } from './agent/start';
export { AgentError, type AgentErrorCode, type Fault } from './base/errors';
export type { Logger, LogLevel } from './base/log';
export type { Options } from './config/options';
export type { Agent, CommandCall, CommandHandler, CommandOptions, ResetResult, TraceSpan } from './agent/agent';
export type {
  CommandOutcome,
  CommandStatus,
  DictionaryStatus,
  HeartbeatStatus,
  RegistrationStatus,
  SegmentStatus,
  Status,
} from './agent/status';
