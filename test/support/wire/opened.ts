import { systemClock } from '../../../src/base/clock';
import { Log } from '../../../src/base/log';
import type { Outcome } from '../../../src/base/outcome';
import { type Batch, OpenBatch } from '../../../src/export/open-batch';
import type { ExportTarget } from '../../../src/export/ports';
import type { Segment } from '../../../src/model/segment';
import type { TraceSegmentClient } from '../../../src/protocol/segments/trace-segment-client';
import { never } from './backends';
import { someNames } from './names';

/** A stream to which segments are written, in as many batches as they take. */
export interface OpenStream {
  /** `false` as soon as a batch was not written. */
  write(segments: readonly Segment[]): Promise<boolean>;
  end(): Promise<Outcome<undefined>>;
}

/** What the reporter does: encodes them one behind the other. */
export function batchesOf(target: ExportTarget, segments: readonly Segment[]): Batch[] {
  const open = new OpenBatch(new Log(systemClock));
  const batches: (Batch | undefined)[] = [];
  for (const segment of segments) {
    if (open.append(segment, target) !== 'full') continue;
    batches.push(open.close(0));
    open.append(segment, target);
  }
  batches.push(open.close(0));
  return batches.filter((batch) => batch !== undefined);
}

export async function opened(
  api: TraceSegmentClient,
  signal: AbortSignal = never,
  names = someNames(),
): Promise<OpenStream> {
  const outcome = await api.open(names, signal);
  if (outcome.status !== 'ok') throw new Error(outcome.reason);
  const stream = outcome.value;
  const write = async (segments: readonly Segment[]): Promise<boolean> => {
    for (const { bytes } of batchesOf(api.targetFor(names), segments)) if (!(await stream.write(bytes))) return false;
    return true;
  };
  return { write, end: () => stream.end() };
}
