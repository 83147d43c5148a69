export { startCollector } from './start-collector';
export type { Collector } from './collector';
export type { CollectorOptions } from './options';
export type { Fault, FaultHandle, FaultRule, RefusalCode } from './fault';
export type { Faults } from './faults';
export type { CallRecord, Method } from './record/call';
export type { Protocol } from './protocol';
export type { HeartbeatRecord } from './record/heartbeat';
export type { LogEntry } from './record/log';
export type { BucketRecord, MeterRecord } from './record/meter';
export type { RecordingCount } from './record/recording';
export type { Counts } from './record/recorder';
export type { EndpointEntry, InstanceEntry, NetworkAddressEntry, ServiceEntry } from './record/rows';
export type {
  DroppedSegmentRecord,
  LogRecord,
  RefRecord,
  SegmentRecord,
  SpanRecord,
  TraceRecord,
} from './record/segment';
export type { OapVersion } from './segment/exchange';
export type { TlsFiles } from './server/listener';
export type { Property } from './store/row';
