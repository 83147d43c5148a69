import { parseStamp } from './stamp';
import { trimBlanks } from './command';

export interface FileLine {
  readonly text: string;
  /** False: it has no newline yet, and may go on. */
  readonly isEnded: boolean;
}

/**
 * The lines as they were written. Between two writes of one line an agent's stamp may come, however closely the agent
 * looked before it appended: what stands before and behind the stamp and its newline is one line all the same, and
 * counts from where it ends. Otherwise the command would be lost, and who wrote the stamp, not finding it, would run his
 * again. A line that never gets its newline ends with its answer. A comment has none, and ends at once: better a rest of it
 * that is rejected than a command below that nobody hears.
 */
export function splitLines(text: string): readonly FileLine[] {
  const lines: FileLine[] = [];
  /** What stands of a line before the stamps that came into it. */
  let head = '';
  let isBegun = false;
  const end = (rest: string, isEnded: boolean): void => {
    lines.push({ text: head + rest, isEnded });
    head = '';
    isBegun = false;
  };
  const raws = text.split('\n');
  for (const [number, raw] of raws.entries()) {
    const at = startOfStamp(raw);
    if (at > 0) {
      const begun = raw.slice(0, at);
      lines.push({ text: raw.slice(at), isEnded: true });
      const isComment = !isBegun && trimBlanks(begun).startsWith('#');
      head += begun;
      isBegun = true;
      // The rest of a stamp that was overwritten has had its newline.
      if (isComment || begun.endsWith(' !#')) end('', true);
      continue;
    }
    // An agent that puts its stamp on a line of its own takes what is above for whole.
    if (at === 0 && isBegun) end('', true);
    end(raw, number < raws.length - 1);
  }
  if (isBegun) end('', false);
  return lines;
}

/** Where in a line an agent's stamp starts; -1: there is none. 0: it has the line to itself. */
function startOfStamp(raw: string): number {
  const at = raw.indexOf('#! ');
  if (at < 0 || !parseStamp(trimBlanks(raw.slice(at)))) return -1;
  const before = trimBlanks(raw.slice(0, at));
  if (before === '') return 0;
  // A comment that quotes a stamp is the operator's own.
  const isQuoted = before.startsWith('#') && /[#\s]$/.test(raw.slice(0, at));
  return isQuoted ? -1 : at;
}
