import { tracingChannel } from 'node:diagnostics_channel';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { graphql } from '../../src/instrument/graphql';
import { SpanType } from '../../src/model/components';
import { context } from '../../src/tracing/context';
import type { FakeClock } from '../support/fake-clock';
import { logsOf, tagsOf, tracing, type Tracing } from '../support/tracing';

let made: Tracing<FakeClock>;
let disable: () => void;
const said: string[] = [];

beforeEach(() => {
  made = tracing();
  const say = (message: string): unknown => said.push(message);
  const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
  disable = graphql(made.tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log });
});

afterEach(() => {
  disable();
  expect(said.splice(0)).toEqual([]);
});

const channel = tracingChannel('graphql:execute');

/** As graphql 17 publishes an operation whose result is there at once, or comes. */
function execute(message: Record<string, unknown>, resolve: () => unknown): unknown {
  return channel.start.runStores(message, () => {
    let result;
    try {
      result = resolve();
    } catch (error) {
      message['error'] = error;
      channel.end.publish(message);
      throw error;
    }
    if (!(result instanceof Promise)) {
      message['result'] = result;
      channel.end.publish(message);
      return result;
    }
    channel.end.publish(message);
    return result.then((value: unknown) => {
      message['result'] = value;
      channel.asyncStart.publish(message);
      return value;
    });
  });
}

const ORDER = { operationName: 'Order', operationType: 'query' };

describe('an operation of graphql 17', () => {
  it.each([
    ['at once', (): unknown => ({ data: {} })],
    ['later', async (): Promise<unknown> => ({ data: {} })],
  ])('whose result is there %s is a local span, with what its resolvers call below it', async (_when, result) => {
    await made.tracer.trace('work', () =>
      execute({ ...ORDER }, () => {
        made.tracer.end(made.tracer.openExit('PostgreSQL/SELECT', 'database:5432')!);
        return result();
      }),
    );
    const [exit, operation] = made.spans();
    expect(operation).toMatchObject({ operationName: 'GraphQL/query', type: SpanType.local, componentId: 92 });
    expect(tagsOf(operation)).toEqual({ 'graphql.operation.name': 'Order' });
    expect(operation).toMatchObject({ isError: false, parentSpanId: 0 });
    expect(exit).toMatchObject({ operationName: 'PostgreSQL/SELECT', parentSpanId: operation!.spanId });
  });

  it('that has errors, or throws, is an error', () => {
    made.tracer.trace('work', () => execute({ ...ORDER }, () => ({ errors: [new Error('no order')] })));
    const fail = (): never => {
      throw new Error('no schema');
    };
    expect(() => made.tracer.trace('work', () => execute({ ...ORDER }, fail))).toThrow('no schema');
    const operations = made.spans().filter(({ operationName }) => operationName === 'GraphQL/query');
    expect(operations.map(({ isError }) => isError)).toEqual([true, true]);
    expect(operations.map((span) => logsOf(span)[0]!['message'])).toEqual(['no order', 'no schema']);
  });

  it('outside of every trace, or in one that is not recorded, has no span', () => {
    const scope = made.tracer.unrecorded('/health');
    execute({ ...ORDER }, () => ({}));
    context.run(scope, () => execute({ ...ORDER }, () => expect(context.getStore()).toBe(scope)));
    expect(made.spans()).toEqual([]);
  });

  it.each(['recorded', 'not recorded'])(
    'is sampled as a whole in what goes on long after its beginning, which was %s',
    async (way) => {
      const { tracer, clock, spans } = made;
      const scope = way === 'recorded' ? tracer.openEntry('/events')! : tracer.unrecorded('message');
      await clock.advance(6 * 60_000);
      const operation = (rate: number): unknown =>
        execute({ ...ORDER }, () => {
          tracer.setSampleRate(1 - rate);
          const call = tracer.openExit('PostgreSQL/SELECT', 'database:5432');
          if (call) tracer.end(call);
          return {};
        });
      for (const rate of [0, 1]) {
        tracer.setSampleRate(rate);
        context.run(scope, operation, rate);
      }
      expect(spans().map(({ operationName }) => operationName)).toEqual(['PostgreSQL/SELECT', 'GraphQL/query']);
    },
  );

  it('is as it was once that is disabled', () => {
    disable();
    made.tracer.trace('work', () => execute({ ...ORDER }, () => ({})));
    expect(made.spans().map(({ operationName }) => operationName)).toEqual(['work']);
  });
});
