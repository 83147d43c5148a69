import type { SegmentSpool, SegmentStore } from './ports';

/** Why a segment was given up. A closed set: these are keys in dashboards. */
export type DropReason =
  /** The buffer was full, and it was the oldest. */
  | 'buffer-full'
  /**
   * It is larger than what a backend takes in one message, even without its tags and logs; or it cannot be encoded, or not
   * be decoded to be encoded again, or the file of ours that does it cannot be loaded.
   */
  | 'not-encodable'
  /** The backend said no. */
  | 'refused'
  /** It was written, and the stream broke before the backend said that it has it: sending again could double it. */
  | 'fate-unknown'
  /** The agent was stopped before it could be sent, or it came after that. */
  | 'stopped'
  /** It was in the spool, and other segments needed the room. */
  | 'spool-full'
  /** It was in the spool for too long. */
  | 'spool-expired'
  /** It was in the spool, and is not what was written any more. */
  | 'spool-corrupt';

/** At every moment `accepted = sent + dropped + inFlight + buffered + spooled`. */
export interface SegmentCounters {
  /** All that were ever handed over. */
  readonly accepted: number;
  /** The stream that carried it ended with OK. */
  readonly sent: number;
  readonly dropped: number;
  /** Written, or being written; fate unknown. */
  readonly inFlight: number;
  /** Not yet written. */
  readonly buffered: number;
  /** Handed to the spool, for this or another process to deliver. Absent: there is no spool. */
  readonly spooled?: number;
  readonly droppedBecause: Readonly<Partial<Record<DropReason, number>>>;
}

/** What became of the segments that are in no store any more. */
export class SegmentTally {
  accepted = 0;
  sent = 0;
  dropped = 0;
  /** Handed to the operating system by a process that ends. */
  handedOver = 0;
  /** Those dropped without waiting, while others that came before them still waited. */
  private atOnce = 0;
  private readonly reasons: Partial<Record<DropReason, number>> = {};

  drop(count: number, reason: DropReason): void {
    if (count === 0) return;
    this.dropped += count;
    this.reasons[reason] = (this.reasons[reason] ?? 0) + count;
  }

  dropUnqueued(reason: DropReason): void {
    this.atOnce++;
    this.drop(1, reason);
  }

  /** All but those dropped at once: they waited, or went straight to the spool. */
  get enqueued(): number {
    return this.accepted - this.atOnce;
  }

  snapshot(memory: Pick<SegmentStore, 'waiting' | 'inFlight'>, spool?: Pick<SegmentSpool, 'waiting'>): SegmentCounters {
    const { accepted, sent, dropped, handedOver } = this;
    return {
      accepted,
      sent,
      dropped,
      inFlight: handedOver + memory.inFlight,
      buffered: memory.waiting,
      ...(spool && { spooled: spool.waiting }),
      droppedBecause: { ...this.reasons },
    };
  }
}
