/** Control characters but tab, CR and LF, and halves of characters: none of them is in a command that somebody typed. */
const FORBIDDEN = /[^\P{Cc}\t\r\n]|\p{Cs}/u;

export function isForbidden(text: string): boolean {
  return FORBIDDEN.test(text);
}
