import type { SegmentCounters } from '../../src/export/segment-counters';

/** Nothing is lost without being counted: `accepted = sent + dropped + inFlight + buffered + spooled`, and every drop has a reason. */
export function assertAccounted(counters: SegmentCounters): void {
  const { accepted, sent, dropped, inFlight, buffered, spooled = 0, droppedBecause } = counters;
  const numbers = [accepted, sent, dropped, inFlight, buffered, spooled, ...Object.values(droppedBecause)];
  const reasons = Object.values(droppedBecause).reduce((sum, count) => sum + count, 0);
  const isRight =
    numbers.every((number) => Number.isSafeInteger(number) && number >= 0) &&
    accepted === sent + dropped + inFlight + buffered + spooled &&
    dropped === reasons;
  if (!isRight) throw new Error(`the segments do not add up: ${JSON.stringify(counters)}`);
}
