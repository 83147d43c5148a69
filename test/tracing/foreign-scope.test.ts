import { ForeignHeaders } from '../../src/model/foreign-headers';
import { Contexts } from '../../src/instrument/opentelemetry/contexts';
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
  // The first test: no others have been made yet.
  it('are not looked for in the scope of now before there ever were any', () => {
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
