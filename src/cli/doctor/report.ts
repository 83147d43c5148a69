import { printableField } from '../../control/client/live-instances';

/** `failed`: nothing, or not all, is shown in SkyWalking because of it. `unknown`: it could not be found out. */
type FindingState = 'ok' | 'warning' | 'failed' | 'unknown';

/** What one check has found. */
export interface Finding {
  readonly section: string;
  readonly check: string;
  readonly state: FindingState;
  readonly text: string;
}

/** All that was found, in the order of the checks. */
export class Report {
  readonly findings: Finding[] = [];

  add(section: string, check: string, state: FindingState, text: string): void {
    this.findings.push({ section, check, state, text });
  }

  get failed(): readonly Finding[] {
    return this.findings.filter(({ state }) => state === 'failed');
  }

  get json(): unknown {
    return { version: 1, ok: this.failed.length === 0, findings: this.findings };
  }

  /** Sections with a line for each check, and the causes once more at the end. */
  lines(): string[] {
    const lines: string[] = [];
    let section = '';
    for (const finding of this.findings) {
      if (finding.section !== section) lines.push(...(section === '' ? [] : ['']), printableField(finding.section));
      section = finding.section;
      lines.push(`  ${finding.state.padEnd(7)}  ${finding.check}: ${printableField(finding.text)}`);
    }
    const { failed } = this;
    if (failed.length === 0) return [...lines, '', 'nothing is wrong'];
    return [
      ...lines,
      '',
      ...failed.map(({ section: where, text }) => `CAUSE: ${printableField(where)}: ${printableField(text)}`),
    ];
  }
}
