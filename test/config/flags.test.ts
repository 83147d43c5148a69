import { takeFlags } from '../../src/config/sources/flags';

const take = (...args: string[]) => takeFlags(['node', 'app.js', ...args]);
const values = (...args: string[]) => take(...args).given.map(({ row, value }) => [row.name, value]);

describe('flags in an argument list', () => {
  it.each<[what: string, args: string[], rest: string[], given: [string, string][]]>([
    ['an equals sign', ['--skyanchor-protocol=v2', 'a'], ['a'], [['protocol', 'v2']]],
    ['a space', ['a', '--skyanchor-protocol', 'v2', 'b'], ['a', 'b'], [['protocol', 'v2']]],
    ['a switch', ['--skyanchor-disable', 'a'], ['a'], [['enabled', 'true']]],
    ['an equals sign in the value', ['--skyanchor-service-name=a=b'], [], [['serviceName', 'a=b']]],
    ['a hyphen behind =', ['--skyanchor-service-name=-a'], [], [['serviceName', '-a']]],
    ['an empty value', ['--skyanchor-service-name='], [], [['serviceName', '']]],
    ['a bare --', ['--', '--skyanchor-disable'], ['--', '--skyanchor-disable'], []],
    ['a flag before a bare --', ['--skyanchor-disable', '--', 'x'], ['--', 'x'], [['enabled', 'true']]],
    ['flags of another program', ['--skyanchorage', '-s', '--port=1'], ['--skyanchorage', '-s', '--port=1'], []],
  ])('are read with %s', (_what, args, rest, given) => {
    const taken = take(...args);
    expect(taken.faults).toEqual([]);
    expect(taken.rest).toEqual(['node', 'app.js', ...rest]);
    expect(taken.given.map(({ row, value }) => [row.name, value])).toEqual(given);
  });

  it('count by the last one where one is given twice', () => {
    expect(values('--skyanchor-protocol=v9', '--skyanchor-disable', '--skyanchor-protocol', 'v2')).toEqual([
      ['protocol', 'v2'],
      ['enabled', 'true'],
    ]);
  });

  it('are kept as they stood there, so that they can be handed on', () => {
    const { taken } = take('x', '--skyanchor-protocol', 'v2', '--skyanchor-disable', '--skyanchor-nonsense=1');
    expect(taken).toEqual(['--skyanchor-protocol', 'v2', '--skyanchor-disable', '--skyanchor-nonsense=1']);
  });

  it.each([
    [['--skyanchor-protocol']],
    [['--skyanchor-protocol', '--port=1']],
    [['--skyanchor-protocol', '-p']],
    [['--skyanchor-protocol', '--', 'v2']],
  ])('are a fault without their value, and take no other flag: %j', (args) => {
    const { faults, rest, given } = take(...args);
    expect(given).toEqual([]);
    expect(faults).toMatchObject([{ name: 'protocol', source: 'flag --skyanchor-protocol' }]);
    expect(rest).toEqual(['node', 'app.js', ...args.slice(1)]);
  });

  it.each(['true', 'false', ''])('are a fault where a switch is given the value %j', (value) => {
    const { faults, given } = take(`--skyanchor-disable=${value}`);
    expect(given).toEqual([]);
    expect(faults).toEqual([{ name: 'enabled', value, source: 'flag --skyanchor-disable', expected: 'no value' }]);
  });

  it.each([
    ['--skyanchor-heartbeat', 'a flag that exists; did you mean --skyanchor-heartbeat-ms?'],
    ['--skyanchor-servicename', 'a flag that exists; did you mean --skyanchor-service-name?'],
    ['--skyanchor-disabled', 'a flag that exists; did you mean --skyanchor-disable?'],
    ['--skyanchor-ignore-path', 'no such flag; ignorePath is set by start(), SW_AGENT_IGNORE_PATH'],
    ['--skyanchor-weather', 'a flag that exists'],
  ])('are a fault where there is no %s, with a word on what was meant', (flag, expected) => {
    expect(take(flag).faults).toEqual([{ name: flag, value: '', source: `flag ${flag}`, expected }]);
  });

  it("leave no value behind among the application's arguments after a slip of the pen", () => {
    expect(take('--skyanchor-protocl', 'v2', 'a').rest).toEqual(['node', 'app.js', 'a']);
    expect(take('--skyanchor-weather', 'v2').rest).toEqual(['node', 'app.js', 'v2']);
  });

  it('have another prefix on the command line of skyanchor run', () => {
    const { given, rest } = takeFlags(['--instance-name', 'orders-1', '--', '--protocol', 'v2'], '--');
    expect(given).toMatchObject([{ value: 'orders-1', source: 'flag --instance-name' }]);
    expect(rest).toEqual(['--', '--protocol', 'v2']);
  });
});
