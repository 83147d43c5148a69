import type { Outcome } from '../../../src/base/outcome';
import type { Batch, SegmentPort } from '../../../src/export/ports';
import type { Segment } from '../../../src/model/segment';
import { never } from './backends';

/** A stream to which segments are written, in as many batches as they take. */
export interface OpenStream {
  /** `false` as soon as a batch was not written. */
  write(segments: readonly Segment[]): Promise<boolean>;
  end(): Promise<Outcome<undefined>>;
}

/** What the reporter does: encodes them one behind the other. */
export function batchesOf(api: Pick<SegmentPort, 'encode' | 'take'>, segments: readonly Segment[]): Batch[] {
  const batches: (Batch | undefined)[] = [];
  for (const segment of segments) {
    if (api.encode(segment) !== 'full') continue;
    batches.push(api.take());
    api.encode(segment);
  }
  batches.push(api.take());
  return batches.filter((batch) => batch !== undefined);
}

export async function opened(api: SegmentPort, signal = never): Promise<OpenStream> {
  const outcome = await api.open(signal);
  if (outcome.status !== 'ok') throw new Error(outcome.reason);
  const stream = outcome.value;
  const write = async (segments: readonly Segment[]): Promise<boolean> => {
    for (const batch of batchesOf(api, segments)) if (!(await stream.write(batch))) return false;
    return true;
  };
  return { write, end: () => stream.end() };
}
