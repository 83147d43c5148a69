import fc from 'fast-check';
import { type Command, digestOf } from '../../../src/control/syntax/command';
import type { Item } from '../../../src/control/syntax/pending';
import { splitLines, parse, parseLine } from '../../../src/control/syntax/parse';

const asked = (text: string) => parse(text).items.filter((item) => item.type !== 'stamp');

const commandOf = (text: string): Command => {
  const [item] = asked(text);
  if (item?.type !== 'command') throw new Error(item?.reason ?? 'nothing there');
  return item.command;
};

const shown = (item: Item) =>
  item.type === 'command' ? item.command.verb : item.type === 'fault' ? 'fault' : item.stamp.state;

describe('a line', () => {
  it('may have blanks around it and any number between its words', () => {
    expect(commandOf(' \t log-level   debug\t@orders-*  \r\n')).toMatchObject({
      verb: 'log-level',
      args: ['debug'],
      target: 'orders-*',
    });
  });

  it('that another command follows is complete, and the last one when its newline is there', () => {
    expect(asked('reset\nreport').map(({ isComplete }) => isComplete)).toEqual([true, false]);
    expect(asked('reset\nreport\n').map(({ isComplete }) => isComplete)).toEqual([true, true]);
  });

  it('that only ends like a stamp is the rest of one, and no command', () => {
    expect(asked('reset\n-1 running 3f9a07 cmd=bfd4b5ca4c63 !#\n').map(shown)).toEqual(['reset']);
  });

  describe('that was not yet at its end when an agent appended below it', () => {
    const STAMP = '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 !#';
    const told = (text: string): string[] =>
      parse(text).items.map((item) => (item.type === 'stamp' ? `stamp ${item.stamp.digest}` : shown(item)));

    it.each(['count c37', '{"command":"count","args":["c37"]}', 'count c37 '])(
      'is not lost, nor is the stamp: %s',
      (line) => {
        for (let at = 1; at <= line.length; at++) {
          const [head, rest] = [line.slice(0, at), line.slice(at)];
          // Blanks before a stamp belong to neither side.
          if (head.trim() === '') continue;
          for (const text of [`reset\n${head}${STAMP}\n${rest}\n`, `reset\r\n${head}${STAMP}\r\n${rest}\r\n`]) {
            expect(told(text)).toEqual(['reset', 'stamp bfd4b5ca4c63', 'count']);
            expect(asked(text)[1]).toMatchObject({ isComplete: true, command: { args: ['c37'] } });
          }
        }
      },
    );

    it('is still waited for', () => {
      for (const text of ['count c3', `count c3${STAMP}`, `count c3${STAMP}\n`, `coun${STAMP}\nt c3`])
        expect(asked(text)).toMatchObject([{ isComplete: false, command: { args: ['c3'] } }]);
    });

    it('may get several stamps', () => {
      expect(told(`co${STAMP}\nun${STAMP}\nt c37\nreport\n`)).toEqual([
        ...[1, 2].map(() => 'stamp bfd4b5ca4c63'),
        'count',
        'report',
      ]);
    });

    it('is at its end where an agent has put a stamp on a line of its own below', () => {
      expect(told(`count c37${STAMP}\n${STAMP}\nreport\n`)).toEqual([
        'stamp bfd4b5ca4c63',
        'count',
        'stamp bfd4b5ca4c63',
        'report',
      ]);
    });

    it('may be a comment, or the tail of a stamp', () => {
      expect(told(`reset\n# a note${STAMP}\ncount\n`)).toEqual(['reset', 'stamp bfd4b5ca4c63', 'count']);
      expect(told(`reset\n-1 running 3f9a07 !#${STAMP}\ncount\n`)).toEqual(['reset', 'stamp bfd4b5ca4c63', 'count']);
    });

    it('is not a comment that quotes a stamp, nor the blanks before one', () => {
      expect(told(`reset\n# ${STAMP}\n#${STAMP}\n# was: ${STAMP}\n`)).toEqual(['reset']);
      expect(told(`report\n  ${STAMP}\nreset\n`)).toEqual(['report', 'stamp bfd4b5ca4c63', 'reset']);
    });
  });

  it('that only begins like a stamp is a comment', () => {
    expect(asked('#! 2026-11-21T21:18:39.120Z orders-1 runn\n')).toEqual([]);
  });

  it.each(['s', 'm', 'h', 'd'])('bounds its age in %s', (unit) => {
    const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit]!;
    expect(commandOf(`reset expires=10${unit}\n`).expiresMs).toBe(10 * unitMs);
  });

  it.each(['expires=', 'expires=10', 'expires=-1s', 'expires=1.5h', 'expires=1y', 'expires=9999999999s'])(
    'is a fault with %s',
    (option) => expect(asked(`reset ${option}\n`).map(shown)).toEqual(['fault']),
  );

  it.each(['reset id=', 'reset @', `reset id=${'x'.repeat(101)}`, `reset @${'x'.repeat(201)}`, '/bin/sh', '$(reboot)'])(
    'is a fault: %s',
    (line) => expect(asked(`${line}\n`).map(shown)).toEqual(['fault']),
  );

  it('keeps a name that JavaScript knows as an option like any other', () => {
    expect(commandOf('reset __proto__=x constructor=y\n').options).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('a JSON object', () => {
  it('over several lines is complete when it ends, newline or not', () => {
    const [item] = asked('{\n"command":\n"reset"\n}');
    expect(item).toMatchObject({ type: 'command', isComplete: true, line: 1 });
  });

  it('with braces and escaped quotes in its texts ends where it ends', () => {
    expect(asked('{"command":"say",\n"text":"}}\\"{ #! !#"\n}\nreset\n').map(shown)).toEqual(['say', 'reset']);
  });

  it('that is not finished yet is incomplete, and so may be what follows in it', () => {
    expect(asked('{"command":"reset",\n"id":"a"').map(({ isComplete }) => isComplete)).toEqual([false]);
  });

  it('that never ends takes its own lines with it, but no command below', () => {
    expect(asked('{"command":"reset",\n"id":"a",\nreport\n{"command":"pause"}\n').map(shown)).toEqual([
      'fault',
      'report',
      'pause',
    ]);
  });

  it('that never ended is waited for no longer once a stamp is below it', () => {
    const stamp = '#! 2026-11-21T21:18:39.120Z orders-1 rejected 3f9a07 cmd=bfd4b5ca4c63 !#\n';
    expect(asked(`{"command":\n${stamp}reset\n`)).toMatchObject([
      { type: 'fault', isComplete: true },
      { type: 'command', isComplete: true },
    ]);
  });

  it.each(['{}', '{"command":1}', '{"command":"reset","args":"x"}', '{"command":"reset","args":[null]}'])(
    'is a fault: %s',
    (text) => expect(asked(`${text}\n`).map(shown)).toEqual(['fault']),
  );
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const value = fc.stringMatching(/^[a-z0-9*./:-]{1,10}$/);

const someCommand = fc.record({
  verb: word,
  args: fc.array(value, { maxLength: 3 }),
  options: fc.dictionary(
    word.filter((name) => !['id', 'expires', 'command', 'args', 'target'].includes(name)),
    value,
    {
      maxKeys: 3,
    },
  ),
  target: fc.option(value, { nil: undefined }),
  id: fc.option(value, { nil: undefined }),
});

describe('a command', () => {
  it('has one digest, as a line in whatever order and as JSON', () => {
    fc.assert(
      fc.property(someCommand, fc.func(fc.integer()), ({ verb, args, options, target, id }, chance) => {
        const loose = [
          ...Object.entries(options).map(([name, text]) => `${name}=${text}`),
          ...(target === undefined ? [] : [`@${target}`]),
          ...(id === undefined ? [] : [`id=${id}`]),
        ].sort((a, b) => chance(a) - chance(b));
        const line = [verb, ...loose.slice(1), ...args, ...loose.slice(0, 1)].join(' ');
        const json = JSON.stringify({ id, ...options, target, args, command: verb });
        const [fromLine] = asked(`${line}\n`);
        const [fromJson] = asked(json);
        expect(fromLine).toMatchObject({ type: 'command', digest: fromJson!.digest });
      }),
    );
  });

  it('has another digest with any other verb, argument, option, target or id, and the same whenever it expires', () => {
    const lines = ['reset', 'reset a', 'reset a b', 'reset ab', 'reset a=b', 'reset @a', 'reset id=a', 'report'];
    expect(new Set(lines.map((line) => digestOf(commandOf(line)))).size).toBe(lines.length);
    expect(digestOf(commandOf('reset expires=1h'))).toBe(digestOf(commandOf('reset')));
  });

  it('has the digest of the contract', () => {
    // The first 12 hex digits of the SHA-256 of ["reset",[],[],null,null].
    expect(digestOf(commandOf('reset'))).toBe('bfd4b5ca4c63');
  });
});

describe('whatever is in the file', () => {
  const piece = fc.oneof(
    fc.constantFrom('\n', '\n', '\n', ' ', '{', '}', '"', '\\', '#', '#! ', ' !#', ':', ',', '@', '=', 'id=', '\r'),
    fc.constantFrom('reset', 'report', '"command"', '"reset"', '{"command":"reset"}', '[', ']', '\t'),
    fc.constant('#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 !#\n'),
    fc.string({ unit: 'binary' }),
  );

  it('is read without a throw, and no command is found that does not stand there whole', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const lines = splitLines(text);
        let last = 0;
        for (const item of parse(text).items) {
          expect(item.line).toBeGreaterThan(last);
          last = item.line;
          const line = lines[item.line - 1]!.text.trim();
          if (item.type !== 'command') continue;
          if (line.startsWith('{')) expect(text).toContain(JSON.stringify(item.command.verb));
          else expect(parseLine(line)).toEqual({ type: 'command', command: item.command });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['objects that never end', '{\n'],
    ['objects that never end, with content', '{"a":[\n'],
    ['quotes', '"'],
    ['backslashes', '{"\\'],
    ['brackets', '{"a":[[[['],
    ['stamps almost', '#! 2026-11-21T21:18:39.120Z a running a  !#  !#'],
    ['blanks', ' \t'],
    ['blanks before an end', '#! 2026-11-21T21:18:39.120Z a running a                                \n'],
    ['different verbs', 'a@b=c '],
    ['stamps in a line', 'a#! 2026-11-21T21:18:39.120Z a running a !#\n'],
  ])('is read in linear time: 64 KiB and a megabyte of %s', (_, unit) => {
    const small = unit.repeat(Math.ceil(65_536 / unit.length)).slice(0, 65_536);
    const large = unit.repeat(Math.ceil(1_048_576 / unit.length));
    const before = process.cpuUsage();
    parse(small);
    parse(large);
    const { user, system } = process.cpuUsage(before);
    // It takes the processor some 10 to 100 ms; quadratic, it would be many seconds.
    expect((user + system) / 1_000).toBeLessThan(5_000);
  });
});
