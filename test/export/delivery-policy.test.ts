import type { status } from '@grpc/grpc-js';
import { type Delivery, isRefusal, verdictOn } from '../../src/export/delivery-policy';

type Verdict = ReturnType<typeof verdictOn>;
type Verdicts = readonly [unset: Verdict, mostOnce: Verdict, leastOnce: Verdict];

const UP: Verdicts = ['give-up', 'give-up', 'give-up'];
const OFF: Verdicts = ['back-off', 'back-off', 'back-off'];
const UNKNOWN: Verdicts = ['give-up', 'give-up', 'back-off'];
/** Nothing says that a server which was still there has not read them. */
const LOST: Verdicts = ['back-off', 'give-up', 'back-off'];

/** What stands in docs/delivery.md. */
const TABLE: Readonly<Record<Exclude<keyof typeof status, 'OK'>, Verdicts>> = {
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

describe.each<[Delivery | undefined, 0 | 1 | 2]>([
  [undefined, 0],
  ['at-most-once', 1],
  ['at-least-once', 2],
])('with %s, segments on a stream that ended', (delivery, column) => {
  it.each(Object.entries(TABLE))('with %s', (code, verdicts) => {
    expect(verdictOn({ code }, delivery)).toBe(verdicts[column]);
    expect(isRefusal(code)).toBe(verdicts === UP);
  });

  it('with a status that gRPC does not know are treated as after UNKNOWN', () => {
    expect(verdictOn({ code: 'SOMETHING_NEW' }, delivery)).toBe(verdictOn({ code: 'UNKNOWN' }, delivery));
  });

  it.each(['UNAVAILABLE', 'RESOURCE_EXHAUSTED'])('with %s that no gRPC server has said', (code) => {
    expect(verdictOn({ code, isUnanswered: true }, delivery)).toBe(LOST[column]);
  });
});
