import type { Clock } from '../base/clock';
import { copyOf } from '../base/text';
import type { LogLine } from '../model/telemetry';

/** The most lines of the agent's own log that wait for a backend. */
const MAX_OWN_LINES = 100;
/** In UTF-16 units. */
const LONGEST_LINE = 4_096;

/** What was taken to be sent. */
export interface LogBatch {
  readonly lines: readonly LogLine[];
  /** How many went before these, unsent. */
  readonly lost: number;
}

/** `accepted = sent + dropped + buffered`; what is on its way counts as buffered. */
interface LineCounts {
  readonly accepted: number;
  readonly sent: number;
  readonly dropped: number;
  readonly buffered: number;
}

/**
 * What a log has said and no backend has been told yet: bounded, and what is lost is counted. Past the bound, the oldest
 * line is dropped.
 */
export class LogBuffer {
  private waiting: LogLine[] = [];
  private lost = 0;
  private accepted = 0;
  private sent = 0;
  private dropped = 0;

  /** @param maxLines the most that wait, but for the few that come until there is time to count */
  constructor(
    private readonly clock: Clock,
    private readonly maxLines = MAX_OWN_LINES,
  ) {}

  add(level: LogLine['level'], text: string, more?: Pick<LogLine, 'logger' | 'trace'>): void {
    this.accepted++;
    this.waiting.push({ time: this.clock.now(), level, text: short(text), ...more });
    // Not for each line: what is removed in front moves all others.
    if (this.waiting.length > this.maxLines + (this.maxLines >> 3)) this.trim();
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** The oldest that wait, which then wait no more. */
  take(most = Infinity): LogBatch {
    this.trim();
    const batch = { lines: this.waiting.splice(0, most), lost: this.lost };
    this.lost = 0;
    return batch;
  }

  /** They were sent. */
  confirm({ lines }: LogBatch): void {
    this.sent += lines.length;
  }

  counts(): LineCounts {
    this.trim();
    const { accepted, sent, dropped } = this;
    return { accepted, sent, dropped, buffered: accepted - sent - dropped };
  }

  /** They could not be sent, and wait before those that came meanwhile. */
  requeue({ lines, lost }: LogBatch): void {
    this.waiting = [...lines, ...this.waiting];
    this.lost += lost;
    this.trim();
  }

  /** They will never be sent. */
  discard({ lines, lost }: LogBatch): void {
    this.lost += lost + lines.length;
    this.dropped += lines.length;
  }

  private trim(): void {
    const over = this.waiting.length - this.maxLines;
    if (over <= 0) return;
    this.waiting.splice(0, over);
    this.lost += over;
    this.dropped += over;
  }
}

function short(text: string): string {
  const line = text.trimEnd();
  if (line.length <= LONGEST_LINE) return copyOf(line);
  // Not through the middle of a surrogate pair.
  return copyOf(`${line.slice(0, LONGEST_LINE - 1).replace(/[\ud800-\udbff]$/, '')}…`);
}
