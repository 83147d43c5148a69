import { parseStamp, isAcknowledging, type Stamp } from './stamp';
import {
  trimBlanks,
  fault,
  type ParsedCommand,
  isOptionName,
  makeCommand,
  type Draft,
  digestOf,
  digestOfFault,
} from './command';
import { type Item, countUnanswered } from './pending';

interface FileLine {
  readonly text: string;
  /** False: it has no newline yet, and may go on. */
  readonly isEnded: boolean;
}

/**
 * The lines as they were written. Between two writes of one line an agent's stamp may come, however closely the agent
 * looked before it appended: what stands before and behind the stamp and its newline is one line all the same, and
 * counts from where it ends. Otherwise the command would be lost, and the stamp's agent, not finding it, would run its
 * again. A line that never gets its newline ends with its answer. A comment has none, and ends at once: better a rest of it
 * that is rejected than a command below that is ignored.
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

/** How many braces and brackets of a JSON text are open, read line by line. */
class JsonDepth {
  private depth = 0;
  private isInString = false;

  /** @returns the depth after this line */
  read(line: string): number {
    for (let at = 0; at < line.length; at++) {
      const char = line[at];
      if (this.isInString) {
        if (char === '\\') at++;
        else if (char === '"') this.isInString = false;
      } else if (char === '"') {
        this.isInString = true;
      } else if (char === '{' || char === '[') {
        this.depth++;
      } else if (char === '}' || char === ']') {
        this.depth--;
      }
    }
    // No string goes over the end of a line.
    this.isInString = false;
    return this.depth;
  }
}

/** `{"command":"reset","target":"orders-*","id":"chg-4711"}`; undefined for a text that is no JSON at all. */
function parseJson(text: string): ParsedCommand | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('expected a JSON object');
  return ofFields(new Map<string, unknown>(Object.entries(value)));
}

function ofFields(fields: Map<string, unknown>): ParsedCommand {
  const take = (name: string): unknown => {
    const value = fields.get(name) ?? undefined;
    fields.delete(name);
    return value;
  };
  const verb = take('command');
  if (typeof verb !== 'string') return fault('command: expected a verb, such as "reset"');
  const draft: Draft = { verb, args: [], options: [] };

  const args = take('args') ?? [];
  if (!Array.isArray(args)) return fault('args: expected an array');
  for (const arg of args) {
    const text = textOf(arg);
    if (text === undefined) return fault('args: expected text, numbers and booleans');
    draft.args.push(text);
  }
  for (const name of ['target', 'id', 'expires'] as const) {
    const value = take(name);
    if (value === undefined) continue;
    const text = textOf(value);
    if (text === undefined) return fault(`${name}: expected text`);
    // An operator used to the line form writes "@orders-*" here too, and no instance name starts with @.
    draft[name] = name === 'target' && text.startsWith('@') ? text.slice(1) : text;
  }
  for (const [name, value] of fields) {
    const text = textOf(value);
    if (text === undefined) return fault('an option is text, a number or a boolean');
    draft.options.push([name, text]);
  }
  return makeCommand(draft);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** `verb [args…] [key=value…] [@target]`; options and target stand anywhere after the verb. */
export function parseLine(line: string): ParsedCommand {
  const [verb = '', ...words] = line.split(/[ \t\r]+/);
  const draft: Draft = { verb, args: [], options: [] };
  for (const word of words) {
    const reason = word.startsWith('@') ? addTarget(draft, word.slice(1)) : addWord(draft, word);
    if (reason !== undefined) return fault(reason);
  }
  return makeCommand(draft);
}

function addTarget(draft: Draft, target: string): string | undefined {
  if (draft.target !== undefined) return 'a target is given twice';
  draft.target = target;
  return undefined;
}

function addWord(draft: Draft, word: string): string | undefined {
  const at = word.indexOf('=');
  const name = word.slice(0, at);
  const value = word.slice(at + 1);
  // An address with a query, `http://host/?a=b`, is an argument.
  if (at <= 0 || !isOptionName(name)) {
    draft.args.push(word);
  } else if (name === 'id' || name === 'expires') {
    if (draft[name] !== undefined) return `${name} is given twice`;
    draft[name] = value;
  } else {
    draft.options.push([name, value]);
  }
  return undefined;
}

interface Parsed {
  /** In the file's order. Blank lines and comments are the operator's own and not among them. */
  readonly items: readonly Item[];
  /** What there is too much of, in words; then the items are not all. */
  readonly excess: string | undefined;
}

/** Beside the stamps, as UTF-8. */
const MAX_OPERATOR_BYTES = 64 * 1024;
const MAX_UNANSWERED = 64;

/**
 * The commands and stamps in the file. Linear: each line is looked at once, and once more if an object that starts there never ends;
 * and it stops early at content that would be refused anyway.
 */
export function parse(text: string): Parsed {
  return new Parser(text).parse();
}

type Line =
  | { readonly type: 'stamp'; readonly stamp: Stamp }
  /** A comment, a blank line, or the tail of a stamp whose head a racing `>` overwrote. */
  | { readonly type: 'passed-over' }
  | ({ readonly type: 'asked' } & FileLine);

interface Known {
  readonly form: ParsedCommand;
  readonly digest: string;
  readonly isWhole: boolean;
}

const NO_JSON = fault('not valid JSON');
const UNENDED = fault('a JSON object that does not end');
const TOO_MANY = `more than ${MAX_UNANSWERED} commands without an answer`;

/** Goes on with an object that did not end, rather than being a command of its own. */
const CONTINUES_JSON = /^["\]},:[\d-]/;

class Parser {
  private readonly lines: readonly Line[];
  private readonly items: Item[] = [];
  private readonly forms = new Map<string, Known>();
  private operatorBytes = 0;
  /** By any instance. */
  private readonly acknowledged = new Set<string>();
  /** Commands that no stamp in the file acknowledges; there may be more that none *below* them does. */
  private readonly unanswered = new Set<string>();
  /** Up to here no object ends that has not ended: looking again would make the time quadratic. */
  private unendedUpTo = 0;

  constructor(text: string) {
    this.lines = splitLines(text).map((line) => this.lineOf(line));
    // The last line has no newline.
    this.operatorBytes--;
  }

  parse(): Parsed {
    for (let at = 0; at < this.lines.length && this.excess() === undefined;) at = this.take(at);
    const excess = this.excess() ?? (countUnanswered(this.items) > MAX_UNANSWERED ? TOO_MANY : undefined);
    return { items: this.items, excess };
  }

  private excess(): string | undefined {
    if (this.operatorBytes > MAX_OPERATOR_BYTES) return `more than ${MAX_OPERATOR_BYTES} bytes beside the stamps`;
    return this.unanswered.size > MAX_UNANSWERED ? TOO_MANY : undefined;
  }

  private lineOf({ text: raw, isEnded }: FileLine): Line {
    const text = trimBlanks(raw);
    const stamp = parseStamp(text);
    if (stamp?.digest !== undefined && isAcknowledging(stamp)) this.acknowledged.add(stamp.digest);
    if (stamp) return { type: 'stamp', stamp };
    const isTail = !text.startsWith('#') && text.endsWith(' !#');
    if (!isTail) this.operatorBytes += Buffer.byteLength(raw) + 1;
    return text === '' || isTail || text.startsWith('#') ? { type: 'passed-over' } : { type: 'asked', text, isEnded };
  }

  /** @returns the line to go on with */
  private take(at: number): number {
    const line = this.lines[at];
    if (line?.type === 'stamp') this.items.push({ type: 'stamp', line: at + 1, stamp: line.stamp });
    if (line?.type !== 'asked') return at + 1;
    if (line.text.startsWith('{')) return this.takeObject(at, line.text);
    this.push(at, line.text, parseLine, this.isEnded(at));
    return at + 1;
  }

  private takeObject(at: number, firstLine: string): number {
    const isAlone = new JsonDepth().read(firstLine) <= 0;
    const end = isAlone ? at : at >= this.unendedUpTo ? this.endOfObject(at) : undefined;
    if (end !== undefined) {
      const text = this.textOf(at, end);
      this.push(at, text, parseJson, this.isEnded(end));
      return end + 1;
    }
    return this.takeUnended(at);
  }

  /** A command appended below must not vanish in an object that was never closed. */
  private takeUnended(at: number): number {
    let next = at + 1;
    for (; next < this.lines.length; next++) {
      const line = this.lines[next];
      if (line?.type === 'stamp' || (line?.type === 'asked' && !CONTINUES_JSON.test(line.text))) break;
    }
    // With a stamp below, an agent has given up waiting for the end.
    const isComplete = this.lines[this.unendedUpTo]?.type === 'stamp';
    this.push(at, this.textOf(at, next - 1), () => UNENDED, isComplete);
    return next;
  }

  /** The line where the object that starts at `at` ends; undefined, with `unendedUpTo` set, if none does. */
  private endOfObject(at: number): number | undefined {
    const depth = new JsonDepth();
    for (let next = at; next < this.lines.length; next++) {
      const line = this.lines[next];
      if (line?.type === 'asked' && depth.read(line.text) <= 0) return next;
      if (line?.type === 'stamp') {
        this.unendedUpTo = next;
        return undefined;
      }
    }
    this.unendedUpTo = this.lines.length;
    return undefined;
  }

  private textOf(from: number, to: number): string {
    const texts: string[] = [];
    for (const line of this.lines.slice(from, to + 1)) if (line.type === 'asked') texts.push(line.text);
    return texts.join('\n');
  }

  private isEnded(at: number): boolean {
    const line = this.lines[at];
    return line?.type !== 'asked' || line.isEnded;
  }

  private push(at: number, text: string, read: (text: string) => ParsedCommand | undefined, isEnded: boolean): void {
    let known = this.forms.get(text);
    if (!known) {
      const form = read(text) ?? NO_JSON;
      const digest = form.type === 'command' ? digestOf(form.command) : digestOfFault(text);
      // JSON has its own end.
      known = { form, digest, isWhole: read === parseJson && form !== NO_JSON };
      this.forms.set(text, known);
      if (!this.acknowledged.has(digest)) this.unanswered.add(digest);
    }
    this.items.push({ line: at + 1, digest: known.digest, isComplete: isEnded || known.isWhole, ...known.form });
  }
}
