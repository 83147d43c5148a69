import { SpanLimitLog } from '../../src/tracing/span-factory';
import { Log } from '../../src/base/log';
import { FakeClock } from '../support/fake-clock';
import { tracing } from '../support/tracing';

describe('what had no room', () => {
  it('is said with its number, and again only when there is more', async () => {
    const clock = new FakeClock();
    const said: string[] = [];
    const say = (message: string) => said.push(message);
    const log = new SpanLimitLog(new Log(clock, { error: say, warn: say, info: say, debug: say }, 'info'));
    const { tracer } = tracing({ clock, maxSpansPerSegment: 1, maxSegmentAgeMs: 10 });
    const entry = tracer.openEntry('/')!;
    log.report(tracer.leftOut);
    expect(said).toEqual([]);

    tracer.openLocal('work', entry);
    for (let n = 0; n < 130; n++) tracer.details.tag(entry, `key ${n}`, n);
    tracer.details.tag(tracer.openEntry('/other')!, 'x-le', 'a');
    await clock.advance(11);
    tracer.openLocal('work', entry);
    const expected = [
      'segments were full: 1 spans were left out so far',
      'spans were full: 2 tags, logs and refs were left out so far',
      expect.stringMatching(
        /^tags that a backend cannot read would lose their segments: 1 so far are shown with "\.invalid"/,
      ),
      'segments were open for long: 1 spans so far went into segments of their own',
    ];
    log.report(tracer.leftOut);
    expect(said).toEqual(expected);
    await clock.advance(120_000);
    log.report(tracer.leftOut);
    expect(said).toEqual(expected);
  });
});

describe('a tracer that has a log', () => {
  it('reports what had no room when the segment ends', () => {
    const lines: string[] = [];
    const say = (message: string) => lines.push(message);
    const log = new Log(new FakeClock(), { error: say, warn: say, info: say, debug: say }, 'info');
    const { tracer } = tracing({ log, maxSpansPerSegment: 1 });
    const entry = tracer.openEntry('/')!;
    tracer.openLocal('work', entry);
    expect(lines).toEqual([]);
    tracer.end(entry);
    expect(lines).toEqual(['segments were full: 1 spans were left out so far']);
  });
});
