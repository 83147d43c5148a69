import type { status } from '@grpc/grpc-js';
import { type Delivery, isRefusal, type Verdict, verdictOn } from '../../src/export/delivery-policy';

const UP: readonly [Verdict, Verdict] = ['give-up', 'give-up'];
const OFF: readonly [Verdict, Verdict] = ['back-off', 'back-off'];
const UNKNOWN: readonly [Verdict, Verdict] = ['give-up', 'back-off'];

/** What stands in docs/delivery.md. */
const TABLE: Readonly<Record<Exclude<keyof typeof status, 'OK'>, readonly [mostOnce: Verdict, leastOnce: Verdict]>> = {
  RESOURCE_EXHAUSTED: OFF,
  UNAVAILABLE: OFF,
  ABORTED: OFF,
  CANCELLED: UNKNOWN,
  DEADLINE_EXCEEDED: UNKNOWN,
  UNKNOWN,
  INTERNAL: UNKNOWN,
  DATA_LOSS: UNKNOWN,
  ALREADY_EXISTS: UNKNOWN,
  PERMISSION_DENIED: UP,
  UNAUTHENTICATED: UP,
  UNIMPLEMENTED: UP,
  INVALID_ARGUMENT: UP,
  FAILED_PRECONDITION: UP,
  OUT_OF_RANGE: UP,
  NOT_FOUND: UP,
};

describe.each<[Delivery, 0 | 1]>([
  ['at-most-once', 0],
  ['at-least-once', 1],
])('with %s, segments on a stream that ended', (delivery, column) => {
  it.each(Object.entries(TABLE))('with %s', (name, verdicts) => {
    expect(verdictOn(name, delivery)).toBe(verdicts[column]);
    expect(isRefusal(name)).toBe(verdicts === UP);
  });

  it('with a status that gRPC does not know are treated as after UNKNOWN', () => {
    expect(verdictOn('SOMETHING_NEW', delivery)).toBe(verdictOn('UNKNOWN', delivery));
  });
});
