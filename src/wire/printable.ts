const LONGEST = 300;

/** What comes from outside ends up in log lines and status files: no line breaks, no terminal codes, not without end. */
export function printable(text: string): string {
  return text
    .slice(0, LONGEST)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim();
}
