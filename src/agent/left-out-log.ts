import type { Log } from '../base/log';
import { LeftOut } from '../trace/left-out';

/** Says how much of what was traced had no room. */
export class LeftOutLog {
  private readonly said = new LeftOut();

  constructor(private readonly log: Log) {}

  /** For every segment: nearly always there is nothing new. @param now counted since the start */
  say(now: Readonly<LeftOut>): void {
    const { said, log } = this;
    if (now.spans > said.spans) log.warn(`segments were full: ${now.spans} spans were left out so far`, 'spans');
    if (now.details > said.details)
      log.warn(`spans were full: ${now.details} tags, logs and refs were left out so far`, 'details');
    if (now.late > said.late)
      log.info(`segments were open for long: ${now.late} spans so far went into segments of their own`, 'late');
    said.spans = now.spans;
    said.details = now.details;
    said.late = now.late;
  }
}
