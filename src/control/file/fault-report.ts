import type { Log } from '../../base/log';

export interface FaultReportOptions {
  readonly path: string;
  readonly log: Log;
  /** The file breaks a rule, and another one than before. */
  onRefused(rule: string): void;
  /** It breaks none any more. */
  onAccepted(): void;
}

/** Which rule of trust the file breaks: logged once for each state of the file. */
export class FaultReport {
  private rule: string | null = null;
  private loggedFor = '';
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
    if (this.loggedFor !== `${state} ${rule}`) {
      this.loggedFor = `${state} ${rule}`;
      // One rule broken in state after state is throttled; broken again after it was mended, it is logged again.
      this.key = `command file refused ${this.mended} ${rule}`;
      log.warn(`the command file ${path} is refused: it ${rule}`, this.key);
    }
    if (isNews) this.options.onRefused(rule);
  }

  clear(): void {
    if (this.rule === null) return;
    this.rule = null;
    this.loggedFor = '';
    this.mended++;
    this.options.log.over([this.key], `the command file ${this.options.path} breaks no rule any more`);
    this.options.onAccepted();
  }
}
