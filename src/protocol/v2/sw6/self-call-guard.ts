import type { IdGenerator } from '../../../tracing/id-generator';
import type { Sw6 } from './carrier';

/** Stands for no registration: ids of this epoch are never sent. */
export const NO_EPOCH = -1;

/**
 * Knows this process' own v2 carriers when they come back, directly or by way of others. One that was on its way while
 * we registered anew names us by the ids of before, and those may be another instance's by now. The carriers
 * of other processes do not show that.
 */
export class SelfCallGuard {
  private epoch = NO_EPOCH;
  private instanceId = 0;

  constructor(private readonly ids: Pick<IdGenerator, 'made'>) {}

  /** A carrier goes out with these ids. */
  recordSent(epoch: number, instanceId: number): void {
    this.epoch = epoch;
    this.instanceId = instanceId;
  }

  /** The epoch that a carrier's ids are of. @param others where it is not our own */
  registrationEpochOf({ traceId, parentSegmentId, parentInstanceId, entryInstanceId }: Sw6, others: number): number {
    // A trace that began here came in here.
    const isEntry = this.ids.made(traceId);
    const isParent = this.ids.made(parentSegmentId);
    if (!isEntry && !isParent) return others;
    const { instanceId } = this;
    const isOfLast = (!isEntry || entryInstanceId === instanceId) && (!isParent || parentInstanceId === instanceId);
    return isOfLast ? this.epoch : NO_EPOCH;
  }
}
