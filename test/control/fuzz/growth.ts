import { parseContent } from '../../../src/control/syntax/content';
import { pendingOf } from '../../../src/control/syntax/pending';

/** Inputs that lead a careless reader into looking at everything again and again. */
const HOSTILE: Readonly<Record<string, string>> = {
  'open braces': '{\n',
  'objects that never end': '{"command":"reset",\n',
  'one line of braces': '{',
  'quotes and backslashes': '"\\',
  'one line of blanks': ' ',
  'blanks before carriage returns': ' \r\t',
  'halves of stamps': '#! 2026-11-21T21:18:39.120Z orders-1 running ',
  'tails of stamps': ' !#\n',
  'stamps without end': '#! 2026-11-21T21:18:39.120Z a done b cmd=bfd4b5ca4c63 \n',
  stamps: '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 !#\n',
  'one command over and over': 'reset\n',
  'a command and its answer': 'reset\n#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 !#\n',
  stars: `reset @${'*a'.repeat(90)}\n`,
  words: 'a=',
  arguments: 'a ',
  options: 'x a=b c=d\n',
  'brackets of targets': `reset @${'[a-'.repeat(60)}\n`,
};

/** As much as an operator may write, and a file may hold with the stamps. */
const MAX_OF_OPERATOR = 63 * 1024;
const MOST = 1024 * 1024;
const TIMES = 64;

export interface Growth {
  readonly name: string;
  readonly smallMs: number;
  readonly largeMs: number;
}

/** How long, of the processor's time, the largest command file takes that is still listened to, and one of a 64th of its size. */
export function growth(): Growth[] {
  return Object.entries(HOSTILE).map(([name, piece]) => {
    const most = piece.includes(' !#\n') && !piece.startsWith('reset') ? MOST : MAX_OF_OPERATOR;
    const [smallMs, largeMs] = [bestOf(5, inputOf(piece, most / TIMES)), bestOf(3, inputOf(piece, most))];
    return { name, smallMs, largeMs };
  });
}

function inputOf(piece: string, size: number): Buffer {
  return Buffer.from(piece.repeat(Math.floor(size / piece.length)));
}

/** The least disturbed one, in time that we had the processor: a busy machine makes nothing quadratic. */
function bestOf(times: number, input: Buffer): number {
  let bestMs = Infinity;
  for (let count = 0; count < times; count++) {
    const before = process.cpuUsage();
    const content = parseContent(input);
    const viewer = { instance: 'orders-1', isHistory: () => false, isUnfinished: () => true };
    if (content.status === 'ok') pendingOf(content.items, viewer);
    const { user, system } = process.cpuUsage(before);
    bestMs = Math.min(bestMs, (user + system) / 1_000);
  }
  return bestMs;
}
