import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';
import type { CallRecord, EventRecord, HeartbeatRecord, LogEntry, MeterRecord, Method } from './records';
import type { DroppedSegmentRecord, SegmentRecord } from './segment-records';

/** How much was recorded, and how much of it is no longer kept. */
export interface RecordingCount {
  readonly total: number;
  /** Left out of the list because it was full; the oldest go first. */
  readonly forgotten: number;
}

/** The newest entries of a list, up to a limit. */
export class Recording<T> {
  private kept: T[] = [];
  private total = 0;
  private forgotten = 0;

  constructor(private readonly most: number) {}

  add(item: T): void {
    this.total++;
    this.kept.push(item);
    // Cut in bulk: a shift for every item would move the whole list each time.
    if (this.kept.length >= 2 * this.most) this.cut();
  }

  items(): T[] {
    this.cut();
    return [...this.kept];
  }

  /** Those that are too old go; they were not forgotten but have expired. */
  retain(isWanted: (item: T) => boolean): void {
    this.cut();
    this.kept = this.kept.filter(isWanted);
  }

  clear(): void {
    this.kept = [];
    this.total = 0;
    this.forgotten = 0;
  }

  count(): RecordingCount {
    this.cut();
    return { total: this.total, forgotten: this.forgotten };
  }

  private cut(): void {
    const over = this.kept.length - this.most;
    if (over <= 0) return;
    this.forgotten += over;
    this.kept = this.kept.slice(over);
  }
}

type List = 'calls' | 'heartbeats' | 'segments' | 'droppedSegments' | 'meters' | 'logs' | 'events';
export type Counts = Readonly<Record<List, RecordingCount>>;

/** Whose heartbeat: an id, or where there are none the names. */
type Beating = Pick<HeartbeatRecord, 'instanceId' | 'service' | 'uuid'>;

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** A call that goes on: what is learnt of it later goes into the record that is already in the list. */
export interface CallLog {
  received(request: CallRecord['request']): void;
  /** The first word holds: a call that was answered is not cancelled afterwards. */
  ended(status: string): void;
}

/** What all nodes have seen. Bounded, so that a long run does not grow. */
export class Recorder {
  private readonly callList: Recording<CallRecord>;
  private readonly heartbeatList: Recording<HeartbeatRecord>;
  private readonly segmentList: Recording<SegmentRecord>;
  private readonly droppedList: Recording<DroppedSegmentRecord>;
  private readonly meterList: Recording<MeterRecord>;
  private readonly logList: Recording<LogEntry>;
  private readonly eventList: Recording<EventRecord>;
  private readonly lastHeartbeats = new Map<string, string>();
  private generation = 1;

  constructor(
    private readonly clock: Clock,
    maxRecords: number,
    private readonly maxNames: number,
  ) {
    this.callList = new Recording(maxRecords);
    this.heartbeatList = new Recording(maxRecords);
    this.segmentList = new Recording(maxRecords);
    this.droppedList = new Recording(maxRecords);
    this.meterList = new Recording(maxRecords);
    this.logList = new Recording(maxRecords);
    this.eventList = new Recording(maxRecords);
  }

  now(): string {
    return toIso(this.clock.now());
  }

  millis(): number {
    return this.clock.now();
  }

  call(call: Pick<CallRecord, 'method' | 'path' | 'node' | 'agentVersion' | 'authentication'>): CallLog {
    const record: Open<CallRecord> = {
      ...call,
      at: this.now(),
      generation: this.generation,
      request: null,
      status: 'PENDING',
    };
    this.callList.add(record);
    return {
      received: (request) => {
        record.request = request;
      },
      ended: (status) => {
        if (record.status === 'PENDING') record.status = status;
      },
    };
  }

  heartbeat(heartbeat: HeartbeatRecord): void {
    this.heartbeatList.add(heartbeat);
    if (heartbeat.reset) return;
    const key = beatKey(heartbeat);
    if (this.lastHeartbeats.size < this.maxNames || this.lastHeartbeats.has(key))
      this.lastHeartbeats.set(key, heartbeat.at);
  }

  shown(segment: SegmentRecord): void {
    this.segmentList.add(segment);
  }

  dropped(segment: DroppedSegmentRecord): void {
    this.droppedList.add(segment);
  }

  meter(meter: MeterRecord): void {
    this.meterList.add(meter);
  }

  log(log: LogEntry): void {
    this.logList.add(log);
  }

  event(event: EventRecord): void {
    this.eventList.add(event);
  }

  /** Copies, so that what a test holds does not change under it. */
  calls(method?: Method): CallRecord[] {
    return this.callList
      .items()
      .filter((call) => method === undefined || call.method === method)
      .map((call) => ({ ...call }));
  }

  heartbeats(): HeartbeatRecord[] {
    return this.heartbeatList.items();
  }

  heartbeatAt(instance: Beating): string | null {
    return this.lastHeartbeats.get(beatKey(instance)) ?? null;
  }

  segments(): SegmentRecord[] {
    return this.segmentList.items();
  }

  droppedSegments(): DroppedSegmentRecord[] {
    return this.droppedList.items();
  }

  meters(): MeterRecord[] {
    return this.meterList.items();
  }

  logs(): LogEntry[] {
    return this.logList.items();
  }

  events(): EventRecord[] {
    return this.eventList.items();
  }

  counts(): Counts {
    return {
      calls: this.callList.count(),
      heartbeats: this.heartbeatList.count(),
      segments: this.segmentList.count(),
      droppedSegments: this.droppedList.count(),
      meters: this.meterList.count(),
      logs: this.logList.count(),
      events: this.eventList.count(),
    };
  }

  /** What is older than `ageMs` goes; calls stay, they are our notes and not the backend's. */
  expire(ageMs: number): void {
    const oldest = toIso(this.clock.now() - ageMs);
    const isYoung = ({ at }: { readonly at: string }): boolean => at >= oldest;
    this.heartbeatList.retain(isYoung);
    this.segmentList.retain(isYoung);
    this.droppedList.retain(isYoung);
    this.meterList.retain(isYoung);
    this.logList.retain(isYoung);
    this.eventList.retain(isYoung);
  }

  /** The storage was cleared: what the backend held is gone, our notes of the calls stay. */
  wiped(): void {
    this.generation++;
    this.heartbeatList.clear();
    this.segmentList.clear();
    this.droppedList.clear();
    this.meterList.clear();
    this.logList.clear();
    this.eventList.clear();
    this.lastHeartbeats.clear();
  }
}

function beatKey({ instanceId, service, uuid }: Beating): string {
  return instanceId === 0 ? JSON.stringify([service, uuid]) : String(instanceId);
}
