import { existsSync, readFileSync } from 'node:fs';

type Entry =
  | { readonly type: 'written'; readonly file: string; readonly end: number; readonly names: readonly string[] }
  | {
      readonly type: 'position';
      readonly key: string;
      readonly reader: string;
      readonly sequence: number;
      readonly offset: number;
    }
  | { readonly type: 'fate'; readonly fate: string; readonly names: readonly string[] };

export type LedgerEntry = Entry & { readonly at: number; readonly instance: string };

/** What the processes of a chaos run have noted, see note-deliveries.js. */
export class SpoolLedger {
  private readonly entries: readonly LedgerEntry[];

  constructor(path: string) {
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    this.entries = lines.filter(Boolean).map((line) => JSON.parse(line) as LedgerEntry);
  }

  /** Each segment that ever stood in a whole block on the disk. */
  get sealed(): Set<string> {
    return new Set(this.entries.flatMap((entry) => (entry.type === 'written' ? entry.names : [])));
  }

  /** When a process was last told that the backend has it. */
  storedAt(name: string): number | undefined {
    return this.fatesOf(name).findLast(({ fate }) => fate === 'stored')?.at;
  }

  /**
   * A reader that may send a block but once records the position behind it first. Whose intent was the last word on a
   * block: then it was on its way when that process was killed, frozen or lost its backend.
   * @returns the process and the block; undefined: no process began to send it
   */
  lastIntent(name: string): { readonly instance: string; readonly block: string } | undefined {
    const written = this.entries
      .filter((entry) => entry.type === 'written')
      .filter(({ names }) => names.includes(name));
    for (const { file, end } of written) {
      const [, key = '', sequence] = /^(.+)\.(\d+)\.spool$/.exec(file) ?? [];
      const intent = this.entries.findLast(
        (entry) =>
          entry.type === 'position' && entry.key === key && entry.sequence === Number(sequence) && entry.offset === end,
      );
      if (intent) return { instance: intent.instance, block: `${file} ${end}` };
    }
    return undefined;
  }

  /** All that is known of a segment, for a report. */
  story(name: string): string {
    const told = this.entries.filter((entry) => entry.type !== 'position' && entry.names.includes(name));
    const parts = told.map((entry) => {
      const what = entry.type === 'fate' ? entry.fate : entry.type === 'written' ? `${entry.file}<${entry.end}` : '';
      return `${entry.at} ${entry.instance} ${entry.type} ${what}`;
    });
    return [...parts, JSON.stringify(this.lastIntent(name) ?? null)].join(', ');
  }

  private fatesOf(name: string): (LedgerEntry & { readonly type: 'fate' })[] {
    return this.entries.filter((entry) => entry.type === 'fate').filter(({ names }) => names.includes(name));
  }
}
