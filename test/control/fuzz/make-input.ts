import { encode, type Encoding } from '../../../src/control/syntax/content';
import type { Chance } from './chance';
import { CORPUS, PIECES } from './corpus';

const ENCODINGS: readonly Encoding[] = ['utf8', 'utf16le', 'utf16be'];
const MARK = '\ufeff';

/** Bytes as a person or a program may leave them in a command file. */
export function makeInput(chance: Chance): Buffer {
  const kind = chance.random();
  if (kind < 0.1) return noise(chance, chance.below(300));
  if (kind < 0.35) return written(pieces(chance), chance);
  if (kind < 0.5) return written(shuffledLines(chance), chance);
  if (kind < 0.55) return written(chance.of(PIECES).repeat(chance.below(2_000)), chance);
  return mutated(kind < 0.7 ? written(chance.of(CORPUS).toString('utf8'), chance) : chance.of(CORPUS), chance);
}

function noise(chance: Chance, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => chance.below(256)));
}

function pieces(chance: Chance): string {
  return chance.times(40, () => chance.of(PIECES)).join('');
}

function shuffledLines(chance: Chance): string {
  const lines = CORPUS.flatMap((file) => file.toString('utf8').split('\n'));
  return chance.times(30, () => chance.of(lines)).join(chance.is(0.8) ? '\n' : '\r\n');
}

/** In one of the ways that a file is encoded, or nearly so. */
function written(text: string, chance: Chance): Buffer {
  if (chance.is(0.6)) return Buffer.from(text);
  const encoding = chance.of(ENCODINGS);
  const bytes = encode(`${MARK}${text}`, encoding);
  return chance.is(0.8) ? bytes : bytes.subarray(0, bytes.length - chance.below(3));
}

function mutated(bytes: Buffer, chance: Chance): Buffer {
  let changed = bytes;
  for (let count = chance.below(6); count > 0; count--) changed = mutatedOnce(changed, chance);
  return changed;
}

function mutatedOnce(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + chance.below(20));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (chance.below(7)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(chance.of(PIECES)), after]);
    case 4:
      return Buffer.concat([before, noise(chance, 4), after]);
    case 5:
      return Buffer.concat([bytes, chance.of(CORPUS)]);
    default: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.below(8));
      return flipped;
    }
  }
}
