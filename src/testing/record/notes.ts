import type { CallRecord } from './call';
import type { HeartbeatRecord } from './heartbeat';
import type { CallLog, Recorder } from './recorder';
import type { DroppedSegmentRecord, SegmentRecord } from './segment';

type Unstamped<T> = Omit<T, 'at' | 'node'>;

/** What one node notes as long as it runs. A call that it is still busy with when it goes down leaves no trace. */
export class Notes {
  private readonly openCalls = new Set<CallLog>();
  private isClosed = false;

  constructor(
    private readonly recorder: Recorder,
    private readonly node: number,
  ) {}

  call(call: Pick<CallRecord, 'method' | 'agentVersion' | 'authentication'>): CallLog {
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
    if (!this.isClosed) this.recorder.heartbeat({ ...this.stamp(), ...heartbeat });
  }

  shown(segment: Unstamped<SegmentRecord>): void {
    if (!this.isClosed) this.recorder.shown({ ...this.stamp(), ...segment });
  }

  dropped(segment: Unstamped<DroppedSegmentRecord>): void {
    if (!this.isClosed) this.recorder.dropped({ ...this.stamp(), ...segment });
  }

  /** The node goes down: nothing that comes later counts, and who still waits for an answer was cut off. */
  close(): void {
    this.isClosed = true;
    for (const log of this.openCalls) log.ended('CANCELLED');
    this.openCalls.clear();
  }

  private stamp(): { at: string; node: number } {
    return { at: this.recorder.now(), node: this.node };
  }
}
