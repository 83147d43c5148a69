import type { Log } from '../base/log';

/** What was left out because a segment or a span was full; counted since the start. */
export class SpanLimitCounters {
  droppedSpans = 0;
  /** Tags, logs and refs. */
  droppedAttributes = 0;
  /** Not left out, but under another key: tags that a backend would lose their segments for. */
  renamed = 0;
  /** Not left out, but put into segments of their own, since the one they belong to had been open for too long. */
  splitSegments = 0;
}

/** Says how much of what was traced had no room, or did not go as it was meant. */
export class SpanLimitLog {
  private readonly said = new SpanLimitCounters();

  constructor(private readonly log: Log) {}

  /** For every segment: nearly always there is nothing new. @param now counted since the start */
  report(now: Readonly<SpanLimitCounters>): void {
    const { said, log } = this;
    if (now.droppedSpans > said.droppedSpans)
      log.warn(`segments were full: ${now.droppedSpans} spans were left out so far`, 'spans');
    if (now.droppedAttributes > said.droppedAttributes)
      log.warn(`spans were full: ${now.droppedAttributes} tags, logs and refs were left out so far`, 'details');
    if (now.renamed > said.renamed)
      log.warn(
        `tags that a backend cannot read would lose their segments: ${now.renamed} so far are shown with ".invalid" behind ` +
          'their keys; x-le has to be {"name": string, "latency": number, "status": boolean}, transmission.latency a whole number',
        'renamed',
      );
    if (now.splitSegments > said.splitSegments)
      log.info(
        `segments were open for long: ${now.splitSegments} spans so far went into segments of their own`,
        'late',
      );
    said.droppedSpans = now.droppedSpans;
    said.droppedAttributes = now.droppedAttributes;
    said.renamed = now.renamed;
    said.splitSegments = now.splitSegments;
  }
}
