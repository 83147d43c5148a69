import { context, untraced } from '../../src/tracing/context';
import { currentTrace } from '../../src/tracing/current-trace';
import { tracing } from '../support/tracing';

describe('the current trace', () => {
  it('is the id of the trace, and undefined outside of one', () => {
    const { tracer } = tracing();
    expect(currentTrace.id()).toBeUndefined();
    const entry = tracer.openEntry('/')!;
    expect(context.run(entry, () => currentTrace.id())).toBe(String(entry.segment.traceId));
    expect(context.run(untraced, () => currentTrace.id())).toBeUndefined();
  });

  it('carries along what it was given, and nothing else does', () => {
    const { tracer } = tracing();
    expect(currentTrace.correlate('a', '1')).toBe(false);
    expect(currentTrace.correlation('a')).toBeUndefined();
    const [one, other] = [tracer.openEntry('/one')!, tracer.openEntry('/other')!];
    context.run(one, () => expect(currentTrace.correlate('a', '1')).toBe(true));
    context.run(one, () => expect(currentTrace.correlation('a')).toBe('1'));
    context.run(other, () => expect(currentTrace.correlation('a')).toBeUndefined());
  });
});
