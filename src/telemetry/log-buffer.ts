import type { Clock } from '../base/clock';
import type { LogLine } from '../model/telemetry';

/** The most lines that wait for a backend; past that, the oldest is dropped. */
const MOST_LINES = 100;
/** In UTF-16 units. */
const LONGEST_LINE = 4_096;

/** What was taken to be sent. */
export interface LogBatch {
  readonly lines: readonly LogLine[];
  /** How many went before these, unsent. */
  readonly lost: number;
}

/** What the agent's log has said and no backend has been told yet: bounded, and what is lost is counted. */
export class LogBuffer {
  private waiting: LogLine[] = [];
  private lost = 0;

  constructor(private readonly clock: Clock) {}

  add(level: LogLine['level'], text: string): void {
    this.waiting.push({ time: this.clock.now(), level, text: short(text) });
    this.trim();
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** All that waits, which then waits no more. */
  take(): LogBatch {
    const batch = { lines: this.waiting, lost: this.lost };
    this.waiting = [];
    this.lost = 0;
    return batch;
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
  }

  private trim(): void {
    const over = this.waiting.length - MOST_LINES;
    if (over <= 0) return;
    this.waiting.splice(0, over);
    this.lost += over;
  }
}

function short(text: string): string {
  if (text.length <= LONGEST_LINE) return text;
  // Not through the middle of a surrogate pair; and a copy, as a mere slice would keep all of a huge text alive.
  const cut = `${text.slice(0, LONGEST_LINE - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return Buffer.from(cut, 'utf16le').toString('utf16le');
}
