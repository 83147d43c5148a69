import { writeStderr } from '../../src/base/log';
import { until } from '../support/until';

type Written = (error?: Error | null) => void;

const { stderr } = process;
const before = stderr.listenerCount('error');
const written: Written[] = [];

beforeEach(() => {
  written.length = 0;
  jest.spyOn(stderr, 'write').mockImplementation(((_text: string, done: Written) => written.push(done) > 0) as never);
});

afterEach(() => jest.restoreAllMocks());

describe('writing to stderr', () => {
  it('leaves its errors to the application as soon as it is done', () => {
    writeStderr('one\n');
    writeStderr('two\n');
    written[0]!();
    expect(stderr.listenerCount('error')).toBe(before + 1);
    written[1]!();
    expect(stderr.listenerCount('error')).toBe(before);
  });

  it('takes the error of its own write, which comes after it was told', async () => {
    writeStderr('one\n');
    written[0]!(new Error('EPIPE'));
    process.nextTick(() => stderr.emit('error', new Error('EPIPE')));
    await until(() => stderr.listenerCount('error') === before);
  });

  it('does not mind who has put something in its place that throws', () => {
    jest.spyOn(stderr, 'write').mockImplementation((_text: unknown, done: unknown) => {
      (done as Written)();
      throw new Error('closed');
    });
    writeStderr('one\n');
    writeStderr('two\n');
    expect(stderr.listenerCount('error')).toBe(before);
  });
});
