import { Log } from '../../src/base/log';
import { LineHooks } from '../../src/instrument/logs/line-hooks';
import { LogBuffer } from '../../src/telemetry/log-buffer';
import { FakeClock } from '../support/fake-clock';
import { heldBytes } from '../support/garbage';

let clock: FakeClock;
let lines: LogBuffer;

beforeEach(() => {
  clock = new FakeClock();
  lines = new LogBuffer(clock);
});

function say(from: number, to: number): void {
  for (let number = from; number <= to; number++) lines.add('warn', String(number));
}

const texts = (): readonly string[] => lines.take().lines.map(({ text }) => text);

describe('the lines that wait for a backend', () => {
  it('are taken once, in order, with the time they were written at', async () => {
    const at = clock.now();
    lines.add('warn', 'a');
    await clock.advance(1_000);
    lines.add('error', 'b');
    expect(lines.isEmpty).toBe(false);
    expect(lines.take()).toEqual({
      lines: [
        { time: at, level: 'warn', text: 'a' },
        { time: at + 1_000, level: 'error', text: 'b' },
      ],
      lost: 0,
    });
    expect(lines.isEmpty).toBe(true);
    expect(lines.take()).toEqual({ lines: [], lost: 0 });
  });

  it('are the newest hundred; how many were older is counted', () => {
    say(1, 250);
    const { lines: kept, lost } = lines.take();
    expect(kept).toHaveLength(100);
    expect([kept[0]!.text, kept.at(-1)!.text, lost]).toEqual(['151', '250', 150]);
    say(1, 1);
    expect(lines.take().lost).toBe(0);
  });

  it('that come back stand before those that came meanwhile, and are still a hundred', () => {
    say(1, 110);
    const batch = lines.take();
    say(111, 115);
    lines.requeue(batch);
    const { lines: kept, lost } = lines.take();
    expect(kept).toHaveLength(100);
    expect([kept[0]!.text, kept.at(-1)!.text, lost]).toEqual(['16', '115', 15]);
  });

  it('that no backend takes are counted as lost, and those that were lost before them', () => {
    say(1, 105);
    lines.discard(lines.take());
    expect(lines.isEmpty).toBe(true);
    say(1, 1);
    expect(lines.take()).toMatchObject({ lines: [{ text: '1' }], lost: 105 });
  });

  it('are as many as the buffer is made for, and are counted by what became of them', () => {
    lines = new LogBuffer(clock, 10);
    say(1, 1_000);
    expect(lines.counts()).toEqual({ accepted: 1_000, sent: 0, dropped: 990, buffered: 10 });
    const first = lines.take(4);
    expect([first.lines.map(({ text }) => text), first.lost]).toEqual([['991', '992', '993', '994'], 990]);
    lines.confirm(first);
    const second = lines.take(4);
    expect([second.lines.length, second.lost]).toEqual([4, 0]);
    expect(lines.counts()).toEqual({ accepted: 1_000, sent: 4, dropped: 990, buffered: 6 });
    lines.discard(second);
    expect(lines.counts()).toEqual({ accepted: 1_000, sent: 4, dropped: 994, buffered: 2 });
  });

  it('are cut at 4,096 characters, never through the middle of one', () => {
    lines.add('warn', 'x'.repeat(4_096));
    lines.add('warn', 'x'.repeat(100_000));
    lines.add('warn', `x${'😀'.repeat(3_000)}`);
    lines.add('warn', '😀'.repeat(3_000));
    const [whole, long, odd, even] = texts();
    expect(whole).toBe('x'.repeat(4_096));
    expect(long).toBe(`${'x'.repeat(4_095)}…`);
    expect(odd).toBe(`x${'😀'.repeat(2_047)}…`);
    expect(even).toBe(`${'😀'.repeat(2_047)}…`);
  });

  it('are without the blanks at their end, however many, and keep none of these alive', () => {
    const hooks = new LineHooks({ log: new Log(clock), textOf: () => '' });
    hooks.sendLines('info', (...line) => lines.add(...line));
    const before = heldBytes();
    for (let n = 0; n < 50; n++) hooks.written('winston', 'info', `a comment of a user: ${n}${' '.repeat(1_000_000)}`);
    expect(heldBytes() - before).toBeLessThan(5_000_000);
    expect(texts()[7]).toBe('a comment of a user: 7');
  });
});
