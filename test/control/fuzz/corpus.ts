import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(__dirname, '..', '..', '..', 'fixtures', 'commands');

/** Command files as operators and agents write them. */
export const CORPUS: readonly Buffer[] = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.command'))
  .sort()
  .map((name) => readFileSync(join(FIXTURES, name)));

/** What the parser has an opinion on. */
export const PIECES: readonly string[] = [
  ...[
    'reset',
    'report',
    'log-level debug',
    'pause',
    'dump heap',
    'x',
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '#',
    '# note',
  ],
  ...[
    ' @orders-*',
    ' @[a-z',
    ' @*?*?*',
    ' id=chg-1',
    ' id=',
    ' expires=10m',
    ' expires=1',
    ' expires=999999999d',
    ' a=b',
    '=',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    ',',
    '{"command":"reset"}',
    '{"command":',
    '"target":"orders-*"',
    '"args":[1,true]',
  ],
  ...[
    '"__proto__":{"command":"reset"}',
    '"constructor":"x"',
    ' __proto__=1',
    ' constructor=x',
    '{"command":"reset","id":7}',
  ],
  ...[
    '#! ',
    ' !#',
    '#! !#',
    '2026-11-21T21:18:39.120Z',
    ' orders-1 ',
    'running',
    'done',
    'full',
    ' 3f9a07',
    ' cmd=bfd4b5ca4c63',
  ],
  '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 service=3 !#\n',
  '#! 2026-11-21T21:18:39.842Z orders-1 done 3f9a07 took=722ms !#\n',
  '#! 2026-11-21T21:18:39.842Z orders-2 rejected 3f9a08 cmd=bfd4b5ca4c63 !#\n',
  '21:18:39.842Z orders-1 done 3f9a07 took=722ms !#\n',
  ...['\ufeff', '\u2028', '\u00a0', '\u0085', '\u0000', '\u001b', 'ü', '€', '😀', 'é'.normalize('NFD')],
];
