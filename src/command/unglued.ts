import { parseStamp } from './stamp';
import { trimBlanks } from './trim-blanks';

/**
 * Text to which its newline comes by a second write may get an agent's stamp in between, however closely the agent looked
 * before it appended. Both count, as if each had its line: otherwise the command would be lost, and who wrote the
 * stamp, not finding it, would run his again.
 */
export function unglued(raw: string): readonly string[] {
  const at = raw.indexOf('#! ');
  if (at <= 0 || !parseStamp(trimBlanks(raw.slice(at)))) return [raw];
  const text = raw.slice(0, at);
  // A comment that quotes a stamp is the operator's own.
  const isQuoted = trimBlanks(text).startsWith('#') && /[#\s]$/.test(text);
  return isQuoted ? [raw] : [text, raw.slice(at)];
}
