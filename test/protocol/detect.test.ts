import { failed, ok, type Outcome, retryable } from '../../src/base/outcome';
import type { Dialect } from '../../src/model/dialect';
import { detect } from '../../src/protocol/detect';

const { signal } = new AbortController();
const INSTANCE = {
  serviceName: 'orders of everybody',
  v3Instance: { serviceName: 'orders', instanceName: 'orders-1' },
};
const UNIMPLEMENTED = failed('UNIMPLEMENTED', 'UNIMPLEMENTED: Method not found');

const V3 = '/skywalking.v3.ManagementService/keepAlive';
const V2 = '/Register/doServiceRegister';
const V3_UNPACKAGED = '/ManagementService/keepAlive';

const PACKAGED: Dialect = { protocol: 'v3', package: 'skywalking.v3.' };
const UNPACKAGED: Dialect = { protocol: 'v3', package: '' };
const V2_DIALECT: Dialect = { protocol: 'v2', package: '' };

let asked: string[];
let requests: string[];

beforeEach(() => {
  asked = [];
  requests = [];
});

/** A backend that answers as it is told, and lacks every other method. */
function backend(answers: Readonly<Record<string, Outcome<Buffer>>>) {
  return (path: string, request: Buffer): Promise<Outcome<Buffer>> => {
    asked.push(path);
    requests.push(request.toString('latin1'));
    return Promise.resolve(answers[path] ?? UNIMPLEMENTED);
  };
}

const empty = ok(Buffer.alloc(0));

describe('what a backend speaks', () => {
  it('is v3 where it takes a keepAlive', async () => {
    expect(await detect(backend({ [V3]: empty }), INSTANCE, undefined, signal)).toEqual(ok(PACKAGED));
    expect(asked).toEqual([V3]);
  });

  it('is v2 where it lacks that and registers services, also where it answers with nothing', async () => {
    expect(await detect(backend({ [V2]: empty }), INSTANCE, undefined, signal)).toEqual(ok(V2_DIALECT));
    expect(asked).toEqual([V3, V2]);
  });

  it('is v3 without packages where it has neither', async () => {
    expect(await detect(backend({ [V3_UNPACKAGED]: empty }), INSTANCE, undefined, signal)).toEqual(ok(UNPACKAGED));
    expect(asked).toEqual([V3, V2, V3_UNPACKAGED]);
  });

  it('is undecided where it has none of them, and that is said', async () => {
    expect(await detect(backend({}), INSTANCE, undefined, signal)).toEqual(
      failed('UNIMPLEMENTED', 'nothing on this port receives agents (UNIMPLEMENTED: Method not found)'),
    );
  });

  it.each([
    retryable('UNAVAILABLE: gone'),
    retryable('DEADLINE_EXCEEDED'),
    retryable('RESOURCE_EXHAUSTED'),
    failed('UNKNOWN', 'UNKNOWN: '),
    failed('PERMISSION_DENIED', 'PERMISSION_DENIED: token'),
  ])('is undecided after %j, and nothing else is asked', async (answer) => {
    expect(await detect(backend({ [V3]: answer, [V2]: empty }), INSTANCE, undefined, signal)).toEqual(answer);
    expect(asked).toEqual([V3]);
    asked = [];
    expect(await detect(backend({ [V2]: answer, [V3_UNPACKAGED]: empty }), INSTANCE, undefined, signal)).toEqual(
      answer,
    );
    expect(asked).toEqual([V3, V2]);
  });

  it('is asked in the names that each protocol will know us by, since the question registers them', async () => {
    await detect(backend({}), INSTANCE, undefined, signal);
    expect(requests.map((request) => request.includes('orders of everybody'))).toEqual([false, true, false]);
    expect(requests.map((request) => request.includes('orders-1'))).toEqual([true, false, true]);
  });

  it('is never asked by a collect, which exists in both', async () => {
    await detect(backend({}), INSTANCE, undefined, signal);
    expect(asked.some((path) => path.includes('collect'))).toBe(false);
  });

  it('is what the user says; of v3 it is only asked with which paths', async () => {
    expect(await detect(backend({}), INSTANCE, 'v2', signal)).toEqual(ok(V2_DIALECT));
    expect(asked).toEqual([]);
    expect(await detect(backend({ [V2]: empty, [V3_UNPACKAGED]: empty }), INSTANCE, 'v3', signal)).toEqual(
      ok(UNPACKAGED),
    );
    expect(asked).toEqual([V3, V3_UNPACKAGED]);
    expect(await detect(backend({ [V2]: empty }), INSTANCE, 'v3', signal)).toEqual(
      failed('UNIMPLEMENTED', 'nothing on this port receives agents of protocol v3 (UNIMPLEMENTED: Method not found)'),
    );
  });
});
