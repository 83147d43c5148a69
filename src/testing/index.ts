export { startCollector } from './collector';
export type { Collector } from './collector';
export type { CollectorOptions } from './options';
export type { InjectedFault as Fault, FaultHandle, FaultRule, RefusalCode } from './faults';
export type { Faults } from './faults';
export type { CallRecord, Method } from './record/records';
export type { BackendProtocol as Protocol } from './protocol';
export type { HeartbeatRecord } from './record/records';
export type { EventRecord, LogEntry } from './record/records';
export type { BucketRecord, MeterRecord } from './record/records';
export type { RecordingCount } from './record/recorder';
export type { Counts } from './record/recorder';
export type { EndpointEntry, InstanceEntry, NetworkAddressEntry, ServiceEntry } from './record/records';
export type {
  DroppedSegmentRecord,
  LogRecord,
  RefRecord,
  SegmentRecord,
  SpanRecord,
  TraceRecord,
} from './record/segment-records';
export type { NodeEntry } from './cluster/cluster';
export type { NodeRole } from './protocol';
export type { OapVersion } from './v2/exchange';
export type { TlsFiles } from './server/listener';
export type { Property } from './store/row';
