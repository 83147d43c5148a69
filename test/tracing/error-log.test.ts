import { runInNewContext } from 'node:vm';
import { errorLog } from '../../src/tracing/error-log';

function logged(error: unknown): Record<string, string> {
  const data = errorLog(error);
  const all: Record<string, string> = {};
  for (let at = 0; at < data.length; at += 2) all[data[at]!] = data[at + 1]!;
  return all;
}

describe('the log of an error', () => {
  it('has its class, its message and its stack', () => {
    class OrderLost extends Error {}
    const error = new OrderLost('number 7');
    expect(logged(error)).toEqual({
      event: 'error',
      'error.kind': 'OrderLost',
      message: 'number 7',
      stack: error.stack,
    });
  });

  it('has the name that the error was given', () => {
    expect(logged(new TypeError('x'))['error.kind']).toBe('TypeError');
    expect(logged(new DOMException('x', 'AbortError'))['error.kind']).toBe('AbortError');
    expect(logged(new Error('x'))['error.kind']).toBe('Error');
  });

  it('names a system error by its code, also where all addresses of a name refused and there is no message', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    expect(logged(refused)['error.kind']).toBe('ECONNREFUSED');
    const all = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' });
    expect(logged(all)).toMatchObject({ 'error.kind': 'AggregateError', message: 'ECONNREFUSED' });
  });

  it('takes an error of another realm for an error', () => {
    const error: unknown = runInNewContext('class Foreign extends Error {}; new Foreign("over there")');
    expect(logged(error)).toMatchObject({ 'error.kind': 'Foreign', message: 'over there' });
  });

  it('is made of whatever was thrown', () => {
    expect(logged('just text')).toEqual({ event: 'error', 'error.kind': 'string', message: 'just text' });
    expect(logged(undefined)).toEqual({ event: 'error', 'error.kind': 'undefined', message: 'undefined' });
    expect(logged(null)).toMatchObject({ message: 'null' });
    expect(logged({ message: 'an object' })).toEqual({ event: 'error', 'error.kind': 'object', message: 'an object' });
    expect(logged(Object.create(null))).toMatchObject({ message: '[unprintable]' });
  });

  it('survives an error whose properties throw', () => {
    const hostile = new Proxy(new Error('x'), { get: () => { throw new Error('no'); } }); // prettier-ignore
    expect(logged(hostile)).toMatchObject({ event: 'error', 'error.kind': 'object', message: '[unprintable]' });
  });

  it('never asks an error for its text that has a message, empty or none at all: that text may take seconds', () => {
    const asked = jest.fn(() => 'all that the caller sent');
    class NotFound extends Error {
      override toString = asked;
    }
    expect(logged(new NotFound())).toMatchObject({ 'error.kind': 'NotFound', message: 'NotFound' });
    expect(logged(Object.assign(new NotFound(), { code: 'E_GONE' }))).toMatchObject({ message: 'E_GONE' });
    expect(logged(Object.assign(new Error(), { toString: asked }))).toMatchObject({ message: 'Error' });
    expect(logged({ message: '', toString: asked })).toMatchObject({ message: 'object' });
    expect(logged(Object.assign(new NotFound(), { message: 404 }))).toMatchObject({ message: '404' });
    expect(logged(Object.assign(new NotFound(), { message: undefined }))).toMatchObject({ message: 'NotFound' });
    expect(asked).not.toHaveBeenCalled();
  });

  it('is bounded', () => {
    const error = new Error('m'.repeat(100_000));
    error.stack = 's'.repeat(100_000);
    const { message, stack } = logged(error);
    expect([message!.length, stack!.length]).toEqual([2048, 4096]);
  });
});
