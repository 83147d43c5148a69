interface Star {
  readonly type: 'star';
}

interface One {
  readonly type: 'one';
  matches(point: number): boolean;
}

type Token = Star | One;

/**
 * A matcher of whole texts: `*` is any run of characters (a slash too), `?` any one, `[a-z]` one of these, `[!a-z]`
 * one of all others; a `[` that nothing closes is itself. No pattern, however hostile, takes more than its own length
 * times the text's: a regular expression with many stars would.
 */
export function glob(pattern: string): (text: string) => boolean {
  const tokens = parse(Array.from(pattern));
  return (text) => matches(tokens, text);
}

function matches(tokens: readonly Token[], text: string): boolean {
  let at = 0;
  let next = 0;
  // Where to go on if it fails: after the last star, which then swallows one character more. Earlier stars need no
  // second try: whatever they could swallow, the last one can.
  let afterStar = -1;
  let starEnd = 0;
  while (at < text.length) {
    const token = tokens[next];
    const point = text.codePointAt(at) ?? 0;
    if (token?.type === 'star') {
      afterStar = ++next;
      starEnd = at;
    } else if (token?.matches(point)) {
      next++;
      at += widthOf(point);
    } else if (afterStar !== -1) {
      next = afterStar;
      starEnd += widthOf(text.codePointAt(starEnd) ?? 0);
      at = starEnd;
    } else {
      return false;
    }
  }
  while (tokens[next]?.type === 'star') next++;
  return next === tokens.length;
}

/** UTF-16 units. */
function widthOf(point: number): number {
  return point > 0xffff ? 2 : 1;
}

function parse(characters: readonly string[]): Token[] {
  const tokens: Token[] = [];
  // Known beforehand: looking for the end of each of a thousand sets that nothing closes would be slow.
  const lastClose = characters.lastIndexOf(']');
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    // As in every shell, a closing bracket that comes first in a set belongs to it.
    const mayClose = character === '[' && at < lastClose;
    const close = mayClose ? characters.indexOf(']', at + (isNegation(characters[at + 1]) ? 3 : 2)) : -1;
    if (close !== -1) {
      tokens.push(set(characters.slice(at + 1, close)));
      at = close;
    } else if (character === '*') {
      tokens.push({ type: 'star' });
    } else {
      const wanted = character.codePointAt(0);
      tokens.push({ type: 'one', matches: character === '?' ? () => true : (point) => point === wanted });
    }
  }
  return tokens;
}

function isNegation(character: string | undefined): boolean {
  return character === '!' || character === '^';
}

function set(characters: readonly string[]): One {
  const negated = isNegation(characters[0]);
  const points = characters.slice(negated ? 1 : 0).map((character) => character.codePointAt(0) ?? 0);
  const ranges: [from: number, to: number][] = [];
  for (let at = 0; at < points.length; at++) {
    const from = points[at] ?? 0;
    const to = points[at + 2];
    if (to !== undefined && points[at + 1] === HYPHEN) {
      ranges.push([from, to]);
      at += 2;
    } else {
      ranges.push([from, from]);
    }
  }
  return { type: 'one', matches: (point) => ranges.some(([from, to]) => point >= from && point <= to) !== negated };
}

const HYPHEN = 0x2d;
