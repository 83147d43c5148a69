import type { IncomingSegment } from '../../src/testing/v2/wire-segment';
import { PendingSegments } from '../../src/testing/v2/pending-segments';

let note: (waiting: readonly IncomingSegment[]) => void = () => undefined;

const { stop } = PendingSegments.prototype;
PendingSegments.prototype.stop = async function (this: PendingSegments) {
  const waiting = await stop.call(this);
  note(waiting);
  return waiting;
};

/**
 * On v2 a segment that was taken waits until its names are known, and is gone if the storage goes before. What waits
 * shows when the backend stops.
 */
export function onWaiting(listener: (waiting: readonly IncomingSegment[]) => void): void {
  note = listener;
}
