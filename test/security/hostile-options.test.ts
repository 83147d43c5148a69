import util from 'node:util';
import { AgentError } from '../../src/api/errors';
import compat from '../../src/compat/index';
import { start, type Options } from '../../src/index';
import { RunningAgent } from '../../src/agent/running-agent';
import { OPTION_ROWS } from '../../src/config/option-table';
import { errorLog } from '../../src/tracing/error-log';
import { manualSpans } from '../../src/tracing/manual/manual-spans';
import { resolve } from '../config/sources';

function refuse(): never {
  throw new Error('refused');
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const traps = { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse };
const endless: unknown[] = [];
endless.length = 2 ** 32 - 1;

const VALUES: readonly (readonly [string, unknown])[] = [
  ['a proxy that refuses', new Proxy({}, traps)],
  ['a proxy of an array that refuses', new Proxy(['a'], traps)],
  ['a proxy that was revoked', revoked({})],
  ['a proxy of an array that was revoked', revoked([])],
  ['an object whose getter throws', Object.defineProperty({}, 'error', { enumerable: true, get: refuse })],
  ['an object that is no text', { [Symbol.toPrimitive]: refuse, toJSON: refuse, toString: refuse }],
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('s')],
  ['a number of a thousand digits', 10n ** 1_000n],
  ['an array that claims billions of items', endless],
  ['an array that is its own item', ((list: unknown[]) => (list.push(list), list))([])],
];

/** What another agent calls an option is read as a text. */
const ALIASES = ['serviceInstance', 'collectorAddress', 'secure', 'disablePlugins', 'authorization'];
const ALL = OPTION_ROWS.map(({ name }) => name);
const NAMES = [...ALL.filter((name) => !name.includes('.')), ...ALIASES, 'noSuchOption'];
/** What stands within another option, as `tls.certFile` does. */
const PARTS = [
  ...ALL.filter((name) => name.includes('.')),
  'applicationLogs.level',
  'instanceProperties.team',
  'keep.errors',
  'keep.slowerThanMs',
  'spool.directory',
  'tls.noSuchPart',
].map((name) => name.split('.') as [option: string, part: string]);

function thrownBy(options: unknown): unknown {
  try {
    resolve({ options });
    return undefined;
  } catch (error) {
    return error instanceof AgentError ? undefined : error;
  }
}

const started: RunningAgent[] = [];

function startAgent(): RunningAgent {
  const agent = new RunningAgent(resolve({ options: { logLevel: 'off', backends: '127.0.0.1:1' } }));
  started.push(agent);
  return agent;
}

afterEach(() => Promise.all(started.splice(0).map((agent) => agent.stop())));

describe.each(VALUES)('%s', (_title, value) => {
  it('is a fault of each option at most, as its value, an item of it or a part', () => {
    const given = [
      value,
      ...NAMES.flatMap((name) => [{ [name]: value }, { [name]: [value] }]),
      ...PARTS.map(([name, part]) => ({ [name]: { [part]: value } })),
      { sampling: [{ path: '/a', rate: value }] },
    ];
    expect(given.map(thrownBy).filter((error) => error !== undefined)).toEqual([]);
  });

  it('makes onCommand() throw an AgentError at most', () => {
    const agent = startAgent();
    const calls = [
      (bad: never) => agent.onCommand(bad, () => undefined),
      (bad: never) => agent.onCommand('a', bad),
      (bad: never) => agent.onCommand('b', () => undefined, bad),
      (bad: never) => agent.onCommand('c', () => undefined, { args: bad }),
      (bad: never) => agent.onCommand('d', () => undefined, { args: [{ name: 'x', values: bad }] }),
      (bad: never) => agent.onCommand('e', () => undefined, { options: { x: bad } }),
      (bad: never) => agent.onCommand('f', () => undefined, { timeoutMs: bad }),
    ];
    const thrown = calls.flatMap((call) => {
      try {
        call(value as never)();
        return [];
      } catch (error) {
        return [error];
      }
    });
    expect(thrown).not.toHaveLength(0);
    for (const error of thrown) expect(error).toBeInstanceOf(AgentError);
  });

  it('is no time for flush() and ready() to wait', async () => {
    const agent = startAgent();
    const isReady = agent.ready(value as never);
    await expect(agent.flush(value as never)).resolves.toBe(true);
    void agent.stop();
    await expect(isReady).rejects.toBeInstanceOf(AgentError);
  });
});

describe('a function that tells nothing of itself', () => {
  it.each([
    ['a proxy', new Proxy(() => 7, { get: (target, key) => (key === 'apply' ? Reflect.get(target, key) : refuse()) })],
    ['a class-like function', Object.defineProperty(() => 7, 'name', { get: refuse })],
  ])('is bound all the same: %s', (_title, fn) => {
    expect(manualSpans.bind(fn)()).toBe(7);
  });
});

describe('a list that stands as the message of an error', () => {
  it('is read no further than it is shown', () => {
    let read = 0;
    const list = new Proxy(new Array<string>(1_000_000).fill('item'), {
      get: (target, key) => (read++, Reflect.get(target, key)),
    });
    const data = errorLog(Object.assign(new Error('x'), { message: list, stack: '' }));
    expect(data[data.indexOf('message') + 1]).toMatch(/^item,item/);
    expect(read).toBeLessThan(10_000);
  });
});

describe('options that are huge', () => {
  const HUGE: readonly (readonly [string, () => unknown])[] = [
    ['bytes', () => new Uint8Array(20_000_000)],
    ['a text as an object', () => new String('x'.repeat(20_000_000))],
    ['an object of many keys', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n]))],
  ];

  it.each(HUGE)('are refused at once, and looked at no longer when the agent runs: %s', async (_, make) => {
    const huge = make() as Options;
    const startedAt = process.cpuUsage();
    expect(() => start(huge)).toThrow(AgentError);
    const agent = start({ backends: '127.0.0.1:9', logLevel: 'off' });
    try {
      expect(start(huge)).toBe(agent);
      compat.start(huge as object);
    } finally {
      await agent.stop();
    }
    // They took from half a minute on.
    const { user, system } = process.cpuUsage(startedAt);
    expect((user + system) / 1_000).toBeLessThan(5_000);
  });

  it('are shown in part, to compare them, where an option is an object of many keys', async () => {
    const instanceProperties = HUGE[2]![1]() as Record<string, string>;
    const agent = start({ backends: '127.0.0.1:9', logLevel: 'off' });
    const inspect = jest.spyOn(util, 'inspect');
    try {
      expect(start({ instanceProperties })).toBe(agent);
      const shown = inspect.mock.results.map(({ value }) => value as string);
      expect(shown).toEqual([expect.stringContaining('instanceProperties')]);
      expect(shown[0]!.length).toBeLessThan(10_000);
    } finally {
      inspect.mockRestore();
      await agent.stop();
    }
  });

  it.each([
    ['another', { instanceProperties: { team: 'b' } }, 1],
    ['the same', { instanceProperties: { team: 'a' } }, 0],
  ])('or are not, are compared within an option: %s', async (_which, others, warnings) => {
    const warn = jest.fn();
    const logger = { error: warn, warn, info: () => undefined, debug: () => undefined };
    const given = { backends: '127.0.0.1:9', logger };
    const agent = start({ ...given, instanceProperties: { team: 'a' } });
    try {
      start({ ...given, ...others });
      expect(warn).toHaveBeenCalledTimes(warnings);
    } finally {
      await agent.stop();
    }
  });
});
