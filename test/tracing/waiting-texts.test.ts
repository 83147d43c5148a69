import { CompactId } from '../../src/model/ids';
import { SpanType } from '../../src/model/components';
import { Segment, Span } from '../../src/model/segment';
import { WaitingTexts } from '../../src/tracing/waiting-texts';
import { FakeClock } from '../support/fake-clock';
import type { Timer } from '../../src/base/clock';

/** Whose texts were copied, one after the other. */
let copied: Span[];

/** Notes how much was copied by each timer: nothing else of the process runs meanwhile. */
class CountingClock extends FakeClock {
  readonly copies: number[] = [];

  override after(ms: number, fn: () => void): Timer {
    return super.after(ms, () => {
      const before = copied.length;
      fn();
      this.copies.push(copied.length - before);
    });
  }
}

let clock: CountingClock;
let texts: WaitingTexts;

beforeEach(() => {
  copied = [];
  jest.spyOn(Span.prototype, 'ownTexts').mockImplementation(function (this: Span) {
    copied.push(this);
  });
  clock = new CountingClock();
  texts = new WaitingTexts(clock);
});

afterEach(() => jest.restoreAllMocks());

function spanIn(segment: Segment): Span {
  const id = segment.nextSpanId++;
  return new Span(segment, id, id - 1, SpanType.local, 'work', clock.now());
}

function segmentOf(spans: number): Segment {
  const id = new CompactId(7, 1, clock.now(), 1);
  const segment = new Segment(id, id);
  while (segment.nextSpanId < spans) segment.add(spanIn(segment));
  return segment;
}

/** Once each, whatever the order. */
function expectCopied(spans: readonly Span[]): void {
  expect(copied.length).toBe(spans.length);
  const once = new Set(copied);
  expect(spans.every((span) => once.has(span))).toBe(true);
}

it('copies nothing of what waits for less than a second, however much of it there is at any time', async () => {
  for (let second = 0; second < 10; second++) {
    const segments = Array.from({ length: 256 }, () => segmentOf(16));
    for (const segment of segments) texts.add(segment);
    await clock.advance(900);
    for (const segment of segments) texts.remove(segment);
    await clock.advance(50);
  }
  expect(copied.length).toBe(0);
});

it.each([
  ['many segments', 2_000, 5],
  ['a large segment', 1, 10_000],
])('copies a few spans at a time of %s, each once', async (_what, count, size) => {
  const segments = Array.from({ length: count }, () => segmentOf(size));
  for (const segment of segments) texts.add(segment);
  await clock.advance(5_000);
  expect(Math.max(...clock.copies)).toBeLessThanOrEqual(64);
  expect(clock.copies.length).toBeLessThan((count * size) / 64 + 5);
  expectCopied(segments.flatMap(({ spans }) => spans));
  expect(clock.pending).toBe(0);
});

it('copies open spans that others are to end a few at a time, and again when they have ended', async () => {
  const segment = segmentOf(0);
  segment.promised = Array.from({ length: 300 }, () => spanIn(segment));
  const all = segment.promised.slice();
  texts.add(segment);
  await clock.advance(3_000);
  expect(Math.max(...clock.copies)).toBeLessThanOrEqual(64);
  expectCopied(all);
  for (const span of segment.promised.splice(0)) segment.add(span);
  texts.add(segment);
  await clock.advance(3_000);
  expect(copied.length).toBe(2 * all.length);
});

it('copies what goes on to get spans for as long as it waits', async () => {
  const segment = segmentOf(0);
  for (let nth = 0; nth < 100; nth++) {
    segment.add(spanIn(segment));
    texts.add(segment);
    await clock.advance(100);
  }
  expect(copied.length).toBeGreaterThan(70);
  await clock.advance(3_000);
  expectCopied(segment.spans);
});

it('copies nothing more of what was taken away while it was at it', async () => {
  const [first, second] = [segmentOf(100), segmentOf(100)];
  texts.add(first);
  texts.add(second);
  while (copied.length === 0) await clock.advance(1);
  texts.remove(first);
  texts.remove(second);
  const before = copied.length;
  await clock.advance(3_000);
  expect(copied.length).toBe(before);
});
