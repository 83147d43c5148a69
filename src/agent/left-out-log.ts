import type { Log } from '../base/log';
import { LeftOut } from '../trace/left-out';

/** Says how much of what was traced had no room, or did not go as it was meant. */
export class LeftOutLog {
  private readonly said = new LeftOut();

  constructor(private readonly log: Log) {}

  /** For every segment: nearly always there is nothing new. @param now counted since the start */
  say(now: Readonly<LeftOut>): void {
    const { said, log } = this;
    if (now.spans > said.spans) log.warn(`segments were full: ${now.spans} spans were left out so far`, 'spans');
    if (now.details > said.details)
      log.warn(`spans were full: ${now.details} tags, logs and refs were left out so far`, 'details');
    if (now.renamed > said.renamed)
      log.warn(
        `tags that a backend cannot read would lose their segments: ${now.renamed} so far are shown with ".invalid" behind ` +
          'their keys; x-le has to be {"name": string, "latency": number, "status": boolean}, transmission.latency a whole number',
        'renamed',
      );
    if (now.late > said.late)
      log.info(`segments were open for long: ${now.late} spans so far went into segments of their own`, 'late');
    said.spans = now.spans;
    said.details = now.details;
    said.renamed = now.renamed;
    said.late = now.late;
  }
}
