export { start } from './agent/start';
export { AgentError, type AgentErrorCode, type Fault } from './api/errors';
export type { Logger, LogLevel } from './api/options';
export type { InstrumentationName } from './api/options';
export type { Options } from './api/options';
export type {
  Agent,
  CommandCall,
  CommandHandler,
  CommandOptions,
  LogContext,
  Counter,
  Gauge,
  Histogram,
  MeterLabels,
  Meters,
  ResetResult,
  SetHeader,
  TraceCarrier,
  TraceSpan,
} from './api/agent';
export type { ApplicationLogLevel, ApplicationLogsOptions } from './api/options';
export type {
  ApplicationLogStatus,
  CommandOutcome,
  CommandStatus,
  DictionaryStatus,
  HeartbeatStatus,
  InstrumentationStatus,
  OpenTelemetryStatus,
  RegistrationStatus,
  SegmentStatus,
  Status,
} from './api/status';
