import type { Log } from '../../base/log';

export interface FaultReportOptions {
  readonly path: string;
  readonly log: Log;
  onChange(): void;
}

/** Which rule of trust the file breaks: said once for each state of the file that does. */
export class FaultReport {
  private rule: string | null = null;
  private saidOf = '';
  private key = '';
  private mended = 0;

  constructor(private readonly options: FaultReportOptions) {}

  get fault(): string | null {
    return this.rule;
  }

  /** @param state of the file */
  report(state: string, rule: string): void {
    const { path, log } = this.options;
    const isNews = this.rule !== rule;
    this.rule = rule;
    if (this.saidOf !== `${state} ${rule}`) {
      this.saidOf = `${state} ${rule}`;
      // One rule broken in state after state is throttled; broken afresh after it was mended, it is said afresh.
      this.key = `command file refused ${this.mended} ${rule}`;
      log.warn(`the command file ${path} is refused: it ${rule}`, this.key);
    }
    if (isNews) this.options.onChange();
  }

  clear(): void {
    if (this.rule === null) return;
    this.rule = null;
    this.saidOf = '';
    this.mended++;
    this.options.log.over([this.key], `the command file ${this.options.path} breaks no rule any more`);
    this.options.onChange();
  }
}
