import { types } from 'node:util';
import { dateToIso } from '../../base/time';
import { truncate } from '../../base/text';

/** A statement that begins otherwise is an `OTHER`: what follows may be anything, and names must stay few. */
const KEYWORDS = (
  'ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DESC DESCRIBE ' +
  'DISCARD DO DROP EXEC EXECUTE EXPLAIN FETCH FLUSH GRANT HANDLER INSERT KILL LISTEN LOAD LOCK MERGE MOVE NOTIFY ' +
  'OPTIMIZE PREPARE REFRESH REINDEX RELEASE RENAME REPLACE RESET REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW START TABLE ' +
  'TRUNCATE UNLISTEN UNLOCK UPDATE USE VACUUM VALUES WITH XA'
).split(' ');
/** By how they are mostly spelled: to change a text to upper case is a call of V8's runtime. */
const OPERATIONS: ReadonlyMap<string, string> = new Map(
  KEYWORDS.flatMap((word): [string, string][] => [
    [word, word],
    [word.toLowerCase(), word],
  ]),
);
const OTHER = 'OTHER';
const WITH = 'WITH';
/** What a `WITH` is for, after its subqueries. */
const AFTER_WITH: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** Characters that are looked at, so that a statement of megabytes takes no longer than others. */
const MAX_READ = { operation: 4096, masked: 32_768 };

const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const DOLLAR = 0x24;
const QUOTE = 0x27;
const OPEN = 0x28;
const CLOSE = 0x29;
const ASTERISK = 0x2a;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const AT = 0x40;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;
const SEMICOLON = 0x3b;
const BACKTICK = 0x60;

/** The first word of a SQL statement that says what is done: `SELECT`, also behind comments and a `WITH`. */
export function operationOf(statement: string): string {
  const end = Math.min(statement.length, MAX_READ.operation);
  let isInWith = false;
  let depth = 0;
  let at = 0;
  while (at < end) {
    const code = statement.charCodeAt(at);
    const next = skipped(statement, at, code, end);
    if (next !== at) {
      at = next;
    } else if (isLetter(code)) {
      const from = at;
      while (at < end && isWordPart(statement.charCodeAt(at))) at++;
      if (isInWith && depth > 0) continue;
      const word = statement.slice(from, Math.min(at, from + 16));
      const operation = OPERATIONS.get(word) ?? OPERATIONS.get(word.toUpperCase()) ?? OTHER;
      if (isInWith ? AFTER_WITH.has(operation) : operation !== WITH) return operation;
      isInWith = true;
    } else {
      if (code === OPEN) depth++;
      else if (code === CLOSE) depth--;
      else if (!isInWith && code > SPACE && code !== SEMICOLON) return OTHER;
      // Before a `SELECT` there may be brackets, which are no subquery.
      if (!isInWith) depth = 0;
      at++;
    }
  }
  return OTHER;
}

/** Past a comment or something in quotes; where there is neither, the same place. */
function skipped(statement: string, at: number, code: number, end: number): number {
  if (code === MINUS && statement.charCodeAt(at + 1) === MINUS) return lineEnd(statement, at, end);
  if (code === SLASH && statement.charCodeAt(at + 1) === ASTERISK) return commentEnd(statement, at, end);
  if (code === QUOTE || code === DOUBLE_QUOTE || code === BACKTICK) return quoteEnd(statement, at, code, end);
  return at;
}

/**
 * A statement of MySQL with a `?` in the place of each string and number, at most `limit` characters of it. Takes time in
 * proportion to what is read, whatever the text: a quote that is not closed masks the rest.
 */
export function maskedStatement(statement: string, limit: number): string {
  const length = Math.min(statement.length, MAX_READ.masked);
  let masked = '';
  /** Up to here the statement has been taken over or masked. */
  let done = 0;
  let at = 0;
  while (at < length && masked.length + (at - done) < limit) {
    const code = statement.charCodeAt(at);
    let end: number;
    if (code === QUOTE || code === DOUBLE_QUOTE) {
      end = quoteEnd(statement, at, code, length);
    } else if (isDigit(code)) {
      end = at + 1;
      while (end < length && isNumberPart(statement.charCodeAt(end))) end++;
    } else if (code === BACKTICK) {
      at = quoteEnd(statement, at, code, length);
      continue;
    } else if (isWordPart(code)) {
      // Digits in a name, `t1`, are part of it.
      while (at < length && isWordPart(statement.charCodeAt(at))) at++;
      continue;
    } else {
      at = pastComment(statement, at, code, length);
      continue;
    }
    masked += `${statement.slice(done, at)}?`;
    done = at = end;
  }
  return truncate(masked + statement.slice(done, at), limit);
}

/** Past a comment, or past one character. */
function pastComment(text: string, at: number, code: number, end: number): number {
  const isLine = code === MINUS && text.charCodeAt(at + 1) === MINUS && text.charCodeAt(at + 2) <= SPACE;
  if (isLine || code === HASH) return lineEnd(text, at, end);
  // What stands in `/*! … */` is run, values and all, and so it is in MariaDB's `/*M! … */`.
  const isComment = code === SLASH && text.charCodeAt(at + 1) === ASTERISK && !/^M?!/.test(text.slice(at + 2, at + 4));
  return isComment ? commentEnd(text, at, end) : at + 1;
}

function lineEnd(text: string, from: number, end: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? end : Math.min(end, at + 1);
}

function commentEnd(text: string, from: number, end: number): number {
  const at = text.indexOf('*/', from + 2);
  return at === -1 ? end : Math.min(end, at + 2);
}

/** Past the quote that closes the one at `from`. Doubled, it is one of the text, which looks like two strings side by side. */
function quoteEnd(text: string, from: number, quote: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH && quote !== BACKTICK) at++;
    else if (code === quote) {
      if (text.charCodeAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return end;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);

function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === UNDERSCORE || code === DOLLAR || code === AT || code > 0x7f;
}

/** `1`, `1.5`, `0x1F`, `1e10`. */
function isNumberPart(code: number): boolean {
  return isDigit(code) || isLetter(code) || code === DOT;
}

/**
 * The values that a statement is called with, as one text of at most `limit` characters. Nothing of an object's own is
 * called for it, and no more of a value is read than is shown.
 */
export function parametersText(values: unknown, limit: number): string {
  if (!Array.isArray(values)) return truncate(parameterText(values, limit), limit);
  let text = '[';
  try {
    for (let n = 0; n < values.length && text.length < limit; n++)
      text += `${n === 0 ? '' : ','}${parameterText(values[n], limit - text.length)}`;
  } catch {
    // A proxy or a getter of the application's threw. The span is open by now, and has to be ended by its call.
    text += '…';
  }
  return truncate(`${text}]`, limit);
}

function parameterText(value: unknown, limit: number): string {
  switch (typeof value) {
    case 'string':
      return `'${truncate(value, limit)}'`;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return truncate(value, limit);
    case 'object':
      if (value === null) return 'null';
      if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
      return types.isDate(value) ? dateToIso(value) : OBJECT;
    default:
      return OBJECT;
  }
}

const OBJECT = '{…}';
