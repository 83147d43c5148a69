type Token =
  | { readonly type: 'char'; readonly char: string }
  | { readonly type: 'one' }
  | { readonly type: 'many' }
  | { readonly type: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/**
 * Whether `name` is what `pattern` means: `*`, `?` and `[…]` (with ranges, and `!` or `^` for "none of"). A `[` that is
 * never closed stands for itself. Not by way of a RegExp: the pattern comes from the file, and `*a*a*a*…` would make
 * one backtrack for ever; here a mismatch goes back to the last `*` only.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const tokens = tokenize(Array.from(pattern));
  const chars = Array.from(name);
  let token = 0;
  let char = 0;
  let lastMany = -1;
  let retryFrom = 0;
  while (char < chars.length) {
    const current = tokens[token];
    if (current?.type === 'many') {
      lastMany = token++;
      retryFrom = char;
    } else if (current && matchesOne(current, chars[char] ?? '')) {
      token++;
      char++;
    } else if (lastMany >= 0) {
      token = lastMany + 1;
      char = ++retryFrom;
    } else {
      return false;
    }
  }
  while (tokens[token]?.type === 'many') token++;
  return token === tokens.length;
}

function matchesOne(token: Token, char: string): boolean {
  switch (token.type) {
    case 'char':
      return token.char === char;
    case 'one':
      return true;
    case 'many':
      return false;
    case 'set':
      return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.negated;
  }
}

function tokenize(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  const lastClose = pattern.lastIndexOf(']');
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*') {
      if (tokens.at(-1)?.type !== 'many') tokens.push({ type: 'many' });
    } else if (char === '?') {
      tokens.push({ type: 'one' });
    } else if (char === '[' && at < lastClose) {
      const set = readSet(pattern, at + 1);
      tokens.push(set ? set.token : { type: 'char', char });
      if (set) at = set.end;
    } else {
      tokens.push({ type: 'char', char });
    }
  }
  return tokens;
}

/** @param start the place after the `[` */
function readSet(pattern: readonly string[], start: number): { token: Token; end: number } | undefined {
  const negated = pattern[start] === '!' || pattern[start] === '^';
  const first = negated ? start + 1 : start;
  const ranges: [string, string][] = [];
  for (let at = first; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    // As in a shell, a `]` that comes first belongs to the set.
    if (char === ']' && at > first) return { token: { type: 'set', negated, ranges }, end: at };
    const to = pattern[at + 2];
    if (pattern[at + 1] === '-' && to !== undefined && to !== ']') {
      ranges.push([char, to]);
      at += 2;
    } else {
      ranges.push([char, char]);
    }
  }
  return undefined;
}
