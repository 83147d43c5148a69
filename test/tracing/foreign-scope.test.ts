import { ForeignHeaders } from '../../src/model/foreign-headers';
import { Contexts } from '../../src/instrument/opentelemetry/contexts';
import { SPAN_KEY } from '../../src/instrument/opentelemetry/api-types';
import type { SpanEnvironment } from '../../src/instrument/opentelemetry/spans';
import { context, foreignIn } from '../../src/tracing/context';
import { tracing } from '../support/tracing';

const { tracer } = tracing();
const contexts = new Contexts({} as SpanEnvironment);

/** A request of a caller who is not believed. */
function entryWith(value: string) {
  return tracer.openEntry('/', { sw8: value }, false)!;
}

describe('the headers of a caller who is not believed', () => {
  it('are not looked for in the scope of now before there ever were any', () => {
    ForeignHeaders.wereAny = false;
    const asked = jest.spyOn(context, 'whole');
    const span = tracer.openLocal('work')!;
    const call = () => [tracer.foreignFor(span), tracer.foreignFor(undefined)];
    expect(context.run(span, call)).toEqual([undefined, undefined]);
    contexts.with(undefined, () => undefined);
    tracer.unrecorded('job');
    expect(asked).not.toHaveBeenCalled();

    const foreign = new ForeignHeaders([['sw8', 'a']]);
    const entry = tracer.openEntry('/')!;
    entry.segment.carrier = foreign;
    expect(context.run(entry, call)).toEqual([foreign, foreign]);
    expect(asked).toHaveBeenCalled();
    asked.mockClear();
    // Work of its own has its own.
    contexts.with(contexts.active(), () => undefined);
    context.run(entry, () => {
      const within = contexts.active();
      asked.mockClear();
      contexts.with(within, () => undefined);
    });
    expect(asked).not.toHaveBeenCalled();
  });

  it('are those of its own where a context of another is given its span', () => {
    const [one, other] = [entryWith('one'), entryWith('other')];
    context.run(one, () => {
      const given = contexts.active().setValue(SPAN_KEY, contexts.borrowed(other));
      const kept = given.setValue(Symbol('of the application'), 1);
      for (const each of [given, kept])
        contexts.with(each, () => expect(foreignIn(context.whole())).toBe(other.segment.foreign));
      // One without any is of the request that it was made in.
      const job = contexts.active().setValue(SPAN_KEY, contexts.borrowed(tracer.openLocal('job', null)!));
      contexts.with(job, () => expect(foreignIn(context.whole())).toBe(one.segment.foreign));
    });
  });

  it('are those of its own in a request that begins where those of another are', () => {
    const [one, other] = [entryWith('one'), entryWith('other')];
    const { foreign } = other.segment;
    expect(foreign?.pairs).toEqual([['sw8', 'other']]);
    context.run(one, () =>
      context.leave(() => {
        expect(foreignIn(context.whole())?.pairs).toEqual([['sw8', 'one']]);
        expect(foreignIn(context.within(other))).toBe(foreign);
        expect(foreignIn(context.within(tracer.openLocal('job', null)!))).toBe(one.segment.foreign);
      }),
    );
    context.run(one, () =>
      contexts.with(undefined, () => {
        expect(foreignIn(context.whole())).toBe(one.segment.foreign);
        expect(foreignIn(context.within(other))).toBe(foreign);
        expect(foreignIn(context.within(tracer.openLocal('job', null)!))).toBe(one.segment.foreign);
      }),
    );
  });
});
