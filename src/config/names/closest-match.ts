/** The word that was probably meant; undefined if none is near enough. Case, `-` and `_` do not count. */
export function closestMatch(wrong: string, words: readonly string[]): string | undefined {
  const bare = bareOf(wrong);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(bare.length / 3)) + 1;
  for (const word of words) {
    const distance = distanceOf(bare, bareOf(word));
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

function bareOf(word: string): string {
  // A word that long is no slip of the pen; cutting it bounds the work.
  return word.slice(0, 64).replace(/[-_]/g, '').toLowerCase();
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let at = 1; at <= a.length; at++) {
    const next = [at];
    for (let other = 1; other <= b.length; other++) {
      const change = a[at - 1] === b[other - 1] ? 0 : 1;
      next.push(Math.min((row[other] ?? 0) + 1, (next[other - 1] ?? 0) + 1, (row[other - 1] ?? 0) + change));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
