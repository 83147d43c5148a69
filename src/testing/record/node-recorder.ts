import type { CallRecord, EventRecord, HeartbeatRecord, LogEntry, MeterRecord } from './records';
import type { CallLog, Recorder } from './recorder';
import type { DroppedSegmentRecord, SegmentRecord } from './segment-records';

type Unstamped<T> = Omit<T, 'at' | 'node'>;

/** What one node notes as long as it runs. A call that it is still busy with when it goes down leaves no trace. */
export class NodeRecorder {
  private readonly openCalls = new Set<CallLog>();
  private closed = false;

  constructor(
    private readonly recorder: Recorder,
    private readonly node: number,
  ) {}

  /** The node runs: what it does now counts. */
  get isOpen(): boolean {
    return !this.closed;
  }

  /** ISO 8601, by the collector's clock. */
  now(): string {
    return this.recorder.now();
  }

  /** The same in milliseconds since 1970. */
  millis(): number {
    return this.recorder.millis();
  }

  call(call: Pick<CallRecord, 'method' | 'path' | 'agentVersion' | 'authentication'>): CallLog {
    const log = this.recorder.call({ ...call, node: this.node });
    this.openCalls.add(log);
    return {
      received: (request) => log.received(request),
      ended: (status) => {
        log.ended(status);
        this.openCalls.delete(log);
      },
    };
  }

  heartbeat(heartbeat: Unstamped<HeartbeatRecord>): void {
    if (this.isOpen) this.recorder.heartbeat({ ...this.stamp(), ...heartbeat });
  }

  shown(segment: Unstamped<SegmentRecord>): void {
    if (this.isOpen) this.recorder.shown({ ...this.stamp(), ...segment });
  }

  dropped(segment: Unstamped<DroppedSegmentRecord>): void {
    if (this.isOpen) this.recorder.dropped({ ...this.stamp(), ...segment });
  }

  meter(meter: Unstamped<MeterRecord>): void {
    if (this.isOpen) this.recorder.meter({ ...this.stamp(), ...meter });
  }

  log(log: Unstamped<LogEntry>): void {
    if (this.isOpen) this.recorder.log({ ...this.stamp(), ...log });
  }

  event(event: Unstamped<EventRecord>): void {
    if (this.isOpen) this.recorder.event({ ...this.stamp(), ...event });
  }

  /** The node goes down: nothing that comes later counts, and who still waits for an answer was cut off. */
  close(): void {
    this.closed = true;
    for (const log of this.openCalls) log.ended('CANCELLED');
    this.openCalls.clear();
  }

  private stamp(): { at: string; node: number } {
    return { at: this.now(), node: this.node };
  }
}
