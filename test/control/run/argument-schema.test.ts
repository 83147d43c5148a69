import { refusalOfArguments } from '../../../src/control/run/argument-schema';
import type { Command } from '../../../src/control/syntax/command';
import { parseLine } from '../../../src/control/syntax/parse';
import type { Verb } from '../../../src/control/run/verbs';

function breach(line: string, schema: Pick<Verb, 'args' | 'options'>): string | undefined {
  const form = parseLine(line);
  const command: Command | undefined = form.type === 'command' ? form.command : undefined;
  const verb = { name: 'v', timeoutMs: 1, idempotent: false, isFulfilledAtStart: false, run: () => undefined };
  return refusalOfArguments({ ...verb, ...schema }, command!);
}

const dump: Pick<Verb, 'args' | 'options'> = {
  args: [
    { name: 'kind', values: ['heap', 'cpu'] },
    { name: 'seconds', type: 'integer', optional: true },
  ],
  options: { ratio: { type: 'number' }, gzip: { type: 'boolean', required: true }, note: {} },
};

describe('a schema', () => {
  it.each([
    ['v heap gzip=true', undefined],
    ['v cpu 10 gzip=false ratio=0.5 note=x', undefined],
    ['v cpu -3 gzip=false ratio=-1e3', undefined],
    ['v gzip=true', 'argument kind is missing, expected <kind> [seconds]'],
    ['v disk gzip=true', 'argument kind: expected one of heap, cpu'],
    ['v heap 1.5 gzip=true', 'argument seconds: expected a whole number'],
    ['v heap 99999999999999999999 gzip=true', 'argument seconds: expected a whole number'],
    ['v heap 0x10 gzip=true', 'argument seconds: expected a whole number'],
    ['v heap 1 2 gzip=true', 'too many arguments, expected <kind> [seconds]'],
    ['v heap gzip=yes', 'option gzip: expected true or false'],
    ['v heap', 'option gzip is missing'],
    ['v heap gzip=true ratio=many', 'option ratio: expected a number'],
    ['v heap gzip=true ratio=1e999', 'option ratio: expected a number'],
    ['v heap gzip=true colour=red', 'unknown option colour, expected gzip, note, ratio'],
    ['v heap gzip=true toString=x', 'unknown option toString, expected gzip, note, ratio'],
    ['v heap gzip=true __proto__=x', 'unknown option __proto__, expected gzip, note, ratio'],
  ])('%s: %s', (line, expected) => {
    expect(breach(line, dump)).toBe(expected);
  });

  it('that there is none of lets everything pass', () => {
    expect(breach('v a b c=d', {})).toBeUndefined();
  });

  it('of arguments alone knows no option, and of options alone no argument', () => {
    expect(breach('v a=b', { args: [] })).toBe('unknown option a, expected none');
    expect(breach('v a', { options: {} })).toBe('too many arguments, expected none');
  });

  it('never repeats what was given', () => {
    expect(breach('v s3cret gzip=true', dump)).not.toContain('s3cret');
    expect(breach('v heap gzip=s3cret', dump)).not.toContain('s3cret');
  });
});
