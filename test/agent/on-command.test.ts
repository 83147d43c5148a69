import { Commands } from '../../src/agent/commands';
import { AgentError } from '../../src/api/errors';
import { resolve } from '../config/sources';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { IdGenerator } from '../../src/tracing/id-generator';
import { Tracer } from '../../src/tracing/tracer';
import type { CommandHandler, CommandOptions } from '../../src/api/agent';

const unused = (): never => {
  throw new Error('a verb is only added here');
};

function makeCommands(): Commands {
  const config = resolve();
  const log = new Log(systemClock, config.logger, 'off');
  const tracer = new Tracer({
    clock: systemClock,
    ids: new IdGenerator(systemClock),
    sampleRate: 1,
    sink: unused,
    names: unused,
  });
  return new Commands({
    config,
    clock: systemClock,
    log,
    tracer,
    status: unused,
    setSampleRate: unused,
    instrumentations: unused,
  });
}

describe('onCommand()', () => {
  const wrong: readonly [what: string, options: object, expected: RegExp][] = [
    ['args that are no array', { args: 'name' }, /args: an array/],
    ['args that are an object', { args: {} }, /args: an array/],
    ['too many args', { args: new Array(1_001).fill({ name: 'a' }) }, /args: an array, at most 1000 items/],
    [
      'too many values',
      { args: [{ name: 'a', values: new Array(1_001).fill('b') }] },
      /values: an array of text, at most 1000 items/,
    ],
    ['an argument that is null', { args: [null] }, /args\[0\]: an object/],
    ['an argument without a name', { args: [{ name: 'a' }, { type: 'string' }] }, /args\[1\]\.name: text/],
    ['an unknown type', { args: [{ name: 'a', type: 'date' }] }, /args\[0\]\.type: string, integer, number, boolean/],
    ['values that are no array', { args: [{ name: 'a', values: 7 }] }, /args\[0\]\.values: an array of text/],
    ['values that are no text', { options: { a: { values: [1] } } }, /options\.a\.values: an array of text/],
    ['optional that is no boolean', { args: [{ name: 'a', optional: 'yes' }] }, /args\[0\]\.optional: true or false/],
    ['options that are an array', { options: [] }, /options: an object/],
    ['an option that is text', { options: { a: 'string' } }, /options\.a: an object/],
    ['required that is no boolean', { options: { a: { required: 1 } } }, /options\.a\.required: true or false/],
    [
      'a schema that throws when it is read',
      Object.defineProperty({}, 'args', {
        enumerable: true,
        get: () => [Object.defineProperty({}, 'name', { get: unused })],
      }),
      /a verb is only added here/,
    ],
  ];

  it.each(wrong)('refuses %s at once, and leaves the verb free', (_, options, expected) => {
    const commands = makeCommands();
    const call = (): unknown => commands.onCommand('drain', () => undefined, options);
    expect(call).toThrow(AgentError);
    expect(call).toThrow(expected);
    expect(() => commands.onCommand('drain', () => undefined)).not.toThrow();
  });

  it('refuses a handler that is no function', () => {
    const handler = 'drain' as unknown as CommandHandler;
    expect(() => makeCommands().onCommand('drain', handler)).toThrow(/handler = string .*expected a function/);
  });

  it('takes every schema that the types allow', () => {
    const options: CommandOptions = {
      args: [
        { name: 'mode', values: ['soft', 'hard'] },
        { name: 'seconds', type: 'integer', optional: true },
      ],
      options: { force: { type: 'boolean' }, reason: { required: true } },
    };
    expect(() => makeCommands().onCommand('drain', () => undefined, options)).not.toThrow();
  });
});
