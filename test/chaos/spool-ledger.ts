import { existsSync, readFileSync } from 'node:fs';

type Entry =
  | { readonly type: 'written'; readonly file: string; readonly end: number; readonly names: readonly string[] }
  | {
      readonly type: 'skipped';
      readonly key: string;
      readonly sequence: number;
      readonly end: number;
      readonly count: number;
    }
  | { readonly type: 'fate'; readonly fate: string; readonly names: readonly string[] };

type LedgerEntry = Entry & { readonly at: number; readonly instance: string };

/** Why a segment need not arrive: a process has counted it, or was told that the backend has it. */
export type Explanation = 'fate-unknown' | 'skipped' | 'stored';

/** What the processes of a chaos run have noted, see note-deliveries.js: they are killed, and their counters with them. */
export class SpoolLedger {
  /** Each segment that ever stood in a whole block on the disk. */
  readonly sealed = new Set<string>();
  /** Blocks that were skipped, but not as many segments as stood in them. */
  readonly miscounted: string[] = [];
  private readonly entries: readonly LedgerEntry[];
  private readonly fates = new Map<string, string>();
  private readonly skipped = new Set<string>();

  constructor(path: string) {
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    this.entries = lines.filter(Boolean).map((line) => JSON.parse(line) as LedgerEntry);
    const blocks = new Map<string, readonly string[]>();
    for (const entry of this.entries) {
      if (entry.type === 'written') {
        blocks.set(`${entry.file} ${entry.end}`, entry.names);
        for (const name of entry.names) this.sealed.add(name);
      } else if (entry.type === 'fate') for (const name of entry.names) this.fates.set(name, entry.fate);
    }
    for (const entry of this.entries) {
      if (entry.type !== 'skipped') continue;
      const block = `${entry.key}.${String(entry.sequence).padStart(6, '0')}.spool ${entry.end}`;
      const names = blocks.get(block) ?? [];
      if (names.length !== entry.count) this.miscounted.push(`${block}: ${entry.count} of ${names.length}`);
      for (const name of names) this.skipped.add(name);
    }
  }

  explain(name: string): Explanation | undefined {
    const fate = this.fates.get(name);
    if (fate === 'stored') return fate;
    if (this.skipped.has(name)) return 'skipped';
    return fate === 'unknown' ? 'fate-unknown' : undefined;
  }

  /** All that is known of a segment, for a report. */
  story(name: string): string {
    const told = this.entries.filter((entry) => entry.type !== 'skipped' && entry.names.includes(name));
    const parts = told.map((entry) => {
      const what = entry.type === 'fate' ? entry.fate : entry.type === 'written' ? `${entry.file}<${entry.end}` : '';
      return `${entry.at} ${entry.instance} ${entry.type} ${what}`;
    });
    return [...parts, `skipped: ${this.skipped.has(name)}`].join(', ');
  }
}
