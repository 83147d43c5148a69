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
