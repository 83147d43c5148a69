import type { Log } from '../base/log';
import type { LeftOut } from '../trace/tracer';

/** Says how much of what was traced had no room. */
export class LeftOutLog {
  private said: LeftOut = { spans: 0, details: 0, late: 0 };

  constructor(private readonly log: Log) {}

  /** @param now counted since the start */
  say(now: LeftOut): void {
    const { said, log } = this;
    if (now.spans > said.spans) log.warn(`segments were full: ${now.spans} spans were left out so far`, 'spans');
    if (now.details > said.details)
      log.warn(`spans were full: ${now.details} tags, logs and refs were left out so far`, 'details');
    if (now.late > said.late)
      log.info(`segments were open for long: ${now.late} spans so far went into segments of their own`, 'late');
    this.said = now;
  }
}
