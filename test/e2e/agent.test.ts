import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { AgentError, type CommandCall, type Options, start } from '../../src/index';
import { startCollector, type Collector } from '../../src/testing/index';
import { Operator, type Stamp } from '../scenario/operator';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until, untilQuick } from '../support/until';

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 10 });
});

afterEach(async () => {
  try {
    await stopOwn();
  } finally {
    await collector.stop();
  }
});

const NO_BACKEND = '127.0.0.1:9';
const run = (options = {}) => startOwn({ backends: collector.address, ...options });

/** What a user gets who does not expect it to work. */
async function errorOf(promise: Promise<unknown>): Promise<AgentError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AgentError);
  return error as AgentError;
}

function thrownBy(action: () => unknown): AgentError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(AgentError);
    return error as AgentError;
  }
  throw new Error('it did not throw');
}

function thrower(): never {
  throw new Error('mine');
}

describe('start()', () => {
  it('returns the agent that runs, and says once that other options do not count', async () => {
    const agent = run();
    expect(start()).toBe(agent);
    expect(logged).toEqual([]);
    expect(start({ serviceName: 'other' })).toBe(agent);
    expect(start({ serviceName: 'another' })).toBe(agent);
    expect(logged).toEqual([expect.stringMatching(/^warn: start\(\) was called again with other options/)]);
    expect((await agent.ready()).service).toBe('orders');
  });

  it('returns the agent that runs, whatever it is given', async () => {
    const agent = run();
    const throwing = new Proxy({}, { ownKeys: () => thrower() });
    for (const options of [null, 7, throwing] as unknown as Options[]) expect(start(options)).toBe(agent);
    await agent.ready();
  });

  it.each([
    ['when it is asked', { [inspect.custom]: thrower }],
    ['when it is looked at', Object.defineProperty({}, Symbol.toStringTag, { get: thrower })],
  ])('takes a logger that throws when it is shown, %s', async (_title, shown) => {
    const silent = () => undefined;
    const logger = Object.assign(shown, { error: silent, warn: silent, info: silent, debug: silent });
    const agent = run({ logger });
    expect(start({ logger })).toBe(agent);
    await agent.ready();
  });

  it('has one listener to the end of the process, however often it was stopped and started without waiting', async () => {
    const listeners = (): number => process.listenerCount('beforeExit');
    const before = listeners();
    const stopped: Promise<void>[] = [];
    for (let n = 0; n < 12; n++) stopped.push(run().stop());
    const last = run();
    expect(listeners()).toBeLessThanOrEqual(before + 1);
    await Promise.all(stopped);
    await until(() => listeners() === before + 1);
    await last.stop();
    expect(listeners()).toBe(before);
  });

  it('makes a new one after stop()', async () => {
    const first = run();
    await first.ready();
    await first.stop();
    const second = run({ instanceName: 'orders-b' });
    expect(second).not.toBe(first);
    expect(await second.ready()).toMatchObject({
      instance: 'orders-b',
      registration: { phase: 'registered', epoch: 1 },
    });
    expect(collector.instances().map(({ uuid }) => uuid)).toEqual(['orders-1', 'orders-b']);
  });

  it('makes a new agent while the one before is stopping, which registers under the same name once that has let go', async () => {
    const operator = new Operator();
    try {
      const files = { commandFile: operator.commandFile };
      const first = run(files);
      await first.ready();
      first.trace('last of the first', () => undefined);
      const firstStopped = first.stop();
      const second = run({ ...files, logLevel: 'debug' });
      expect(second).not.toBe(first);
      expect(logged.join('\n')).not.toContain('start() was called again');
      second.trace('first of the second', () => undefined);
      expect(await second.ready()).toMatchObject({ instance: 'orders-1', registration: { phase: 'registered' } });
      expect(first.status().registration.phase).toBe('stopped');
      expect(start()).toBe(second);
      await firstStopped;
      expect(await second.flush()).toBe(true);
      await until(() => collector.segments().length === 2);
      const names = collector.segments().flatMap(({ spans }) => spans.map(({ operationName }) => operationName));
      expect(names).toEqual(['last of the first', 'first of the second']);
    } finally {
      await stopOwn();
      operator.leave();
    }
  });

  it('makes a new agent each time it is called while agents before are stopping; one at a time is registered', async () => {
    const first = run();
    await first.ready();
    void first.stop();
    const second = run();
    const waiting = errorOf(second.ready());
    const secondStopped = second.stop();
    const third = run();
    expect(new Set([first, second, third]).size).toBe(3);
    await secondStopped;
    expect(first.status().registration.phase).toBe('stopped');
    expect((await waiting).code).toBe('STOPPED');
    expect(await third.ready()).toMatchObject({ registration: { phase: 'registered' } });
  });

  it('throws every fault at once, and never a secret', () => {
    const error = thrownBy(() =>
      start({ serviceName: '', backends: 'nowhere', sampleRate: 2, authentication: 'very\u0007secret', maxBuffer: 0 }),
    );
    expect(error).toMatchObject({ name: 'AgentError', code: 'INVALID_CONFIGURATION' });
    expect(error.faults.map(({ name }) => name).sort()).toEqual([
      'authentication',
      'backends',
      'maxBuffer',
      'sampleRate',
      'serviceName',
    ]);
    for (const { source, expected } of error.faults) {
      expect(source).toBe('start()');
      expect(expected).not.toBe('');
    }
    expect(error.faults).toContainEqual(expect.objectContaining({ name: 'backends', value: 'nowhere' }));
    expect(JSON.stringify([error.message, error.faults])).not.toContain('secret');
    // Nothing runs after that.
    expect(run().status().registration.phase).toBe('unregistered');
  });

  it('returns an agent that does nothing where it is disabled', async () => {
    const agent = run({ enabled: false });
    expect(await agent.ready()).toMatchObject({ instance: null, registration: { phase: 'disabled' } });
    expect(agent.trace('job', () => agent.currentTraceId())).toBeUndefined();
    expect(await agent.flush()).toBe(true);
    expect((await errorOf(agent.reset())).code).toBe('STOPPED');
    agent.onCommand('reset', () => undefined)();
    await agent.stop();
    expect(agent.status().segments.accepted).toBe(0);
    expect(collector.calls()).toEqual([]);
    // It is not the one that runs.
    expect(await run().ready()).toMatchObject({ registration: { phase: 'registered' } });
  });
});

describe('ready()', () => {
  it('resolves to the status when registered', async () => {
    const agent = run();
    expect(agent.status()).toMatchObject({ instance: null, protocol: null, registration: { phase: 'unregistered' } });
    const status = await agent.ready();
    const [instance] = collector.instances();
    expect(status).toMatchObject({
      ...{ pid: process.pid, service: 'orders', instance: 'orders-1', instanceNameFrom: 'start' },
      ...{ backend: collector.address, protocol: 'v2' },
      registration: { phase: 'registered', epoch: 1, reason: 'start', instanceId: instance?.id },
    });
    expect(Object.keys(status.segments)).toContain('inFlight');
  });

  it('resolves where instanceProperties has names of our own; each is warned of once, however often it registers', async () => {
    const agent = run({ instanceProperties: { version: '2.1.0', language: 'java', region: 'eu-1' } });
    await agent.ready();
    await agent.reset();
    const said = (name: string, value: string) =>
      `warn: instanceProperties.${name} = ${value} is ignored: the agent itself tells the backend its ${name}`;
    expect(logged).toEqual([said('version', '2.1.0'), said('language', 'java')]);
    const told = Object.fromEntries(collector.instances()[0]!.properties.map(({ key, value }) => [key, value]));
    expect(told).toMatchObject({ language: 'nodejs', region: 'eu-1', agent: 'skyanchor' });
    expect(told['version']).not.toBe('2.1.0');
  });

  it('rejects with TIMEOUT when it takes too long, and the agent goes on trying', async () => {
    let agent!: ReturnType<typeof run>;
    await collector.restart(async () => {
      agent = run();
      const error = await errorOf(agent.ready(50));
      expect(error).toMatchObject({ code: 'TIMEOUT', faults: [] });
    });
    expect((await agent.ready()).registration.phase).toBe('registered');
  });

  it('rejects with STOPPED when the agent is stopped, early, late or before', async () => {
    const early = run({ backends: NO_BACKEND });
    const waitsEarly = errorOf(early.ready());
    await early.stop();
    expect((await waitsEarly).code).toBe('STOPPED');

    const late = run({ backends: NO_BACKEND });
    await until(() => late.status().heartbeat.failures > 0);
    const waiting = [errorOf(late.ready()), errorOf(late.reset())];
    await late.stop();
    for (const error of await Promise.all(waiting)) expect(error.code).toBe('STOPPED');
    for (const promise of [late.ready(), late.reset()]) expect((await errorOf(promise)).code).toBe('STOPPED');
  });
});

describe('status()', () => {
  it('counts connections after the first', async () => {
    const agent = run({ heartbeatMs: 50 });
    expect(agent.status().reconnects).toBe(0);
    expect((await agent.ready()).reconnects).toBe(0);
    await collector.restart();
    await until(() => agent.status().reconnects === 1);
  });
});

describe('reset()', () => {
  it('tells the ids before and after', async () => {
    const agent = run();
    const { registration: before } = await agent.ready();
    await collector.wipe();
    const result = await agent.reset();
    const { registration: after } = agent.status();
    expect(result).toEqual({
      service: { from: before.serviceId, to: after.serviceId },
      instance: { from: before.instanceId, to: after.instanceId },
      tookMs: expect.any(Number),
    });
    expect(result.tookMs).toBeGreaterThanOrEqual(0);
    expect(after).toMatchObject({ phase: 'registered', reason: 'api' });
    expect(collector.instances().map(({ id }) => id)).toEqual([result.instance.to]);
  });

  it('tells null where there were none', async () => {
    const agent = run();
    const result = await agent.reset();
    expect(result).toMatchObject({ service: { from: null, to: 2 }, instance: { from: null, to: 2 } });
    expect(agent.status().registration.epoch).toBe(2);
  });
});

describe('stop()', () => {
  it('before the first tick leaves nothing behind: no file is written, no name is claimed', async () => {
    const stopped = new Operator();
    const running = new Operator();
    await run({ commandFile: stopped.commandFile }).stop();
    // Whatever the first would still do, the second, which goes the same way after it, has done later.
    run({ commandFile: running.commandFile });
    await until(() => existsSync(`${running.commandFile}.status.json`));
    expect(readdirSync(path.dirname(stopped.commandFile))).toEqual([]);
    stopped.leave();
    running.leave();
  });

  it('never rejects, and twice is once', async () => {
    const agent = run();
    await agent.ready();
    const first = agent.stop();
    expect(agent.stop()).toBe(first);
    await expect(first).resolves.toBeUndefined();
    const { since } = agent.status().registration;
    await agent.stop();
    expect(agent.status().registration).toMatchObject({ phase: 'stopped', since });
  });

  it('ends what was traced and sends it, without a backend at once', async () => {
    await untilQuick(async () => {
      const agent = run({ backends: NO_BACKEND });
      agent.trace('job', () => undefined);
      const startedAt = performance.now();
      await agent.stop();
      return performance.now() - startedAt;
    }, 900);
  });
});

describe('trace(), entry() and exit()', () => {
  const broken = (call: unknown, ...args: unknown[]) => (call as (...args: unknown[]) => unknown)(...args);

  it.each([true, false])(
    'without a function throw a TypeError that says so, and trace nothing: enabled %s',
    (enabled) => {
      const agent = run({ enabled });
      expect(() => broken(agent.trace.bind(agent), 'job')).toThrow(
        new TypeError('agent.trace(name, fn): fn is undefined, expected a function'),
      );
      expect(() => broken(agent.trace.bind(agent), () => 'job')).toThrow(/^agent\.trace\(name, fn\): fn is undefined/);
      expect(() => broken(agent.entry.bind(agent), 'job', {}, null)).toThrow(
        new TypeError('agent.entry(name, carrier, fn): fn is null, expected a function'),
      );
      expect(() => broken(agent.exit.bind(agent), 'job', () => 'job')).toThrow(
        new TypeError('agent.exit(name, peer, fn): fn is undefined, expected a function'),
      );
      expect(() => broken(agent.exit.bind(agent), 'job', 'mqtt:1883', 7)).toThrow(
        /fn is a number, expected a function$/,
      );
      expect(agent.status().segments.accepted).toBe(0);
    },
  );
});

describe('onCommand()', () => {
  let operator: Operator;

  beforeEach(() => {
    operator = new Operator();
  });

  afterEach(async () => {
    try {
      await stopOwn();
    } finally {
      operator.leave();
    }
  });

  const withFile = () => run({ commandFile: operator.commandFile });

  /** The last word to the command with this id. */
  async function answer(command: string, id: string): Promise<Stamp> {
    await operator.append(`${command} id=${id}`);
    const end = () => operator.stamps().find((stamp) => stamp.id === id && stamp.state !== 'running');
    return (await until(end))!;
  }

  it('runs a verb of the application from the file, and stamps what it returns or throws', async () => {
    const agent = withFile();
    const calls: CommandCall[] = [];
    agent.onCommand('greet', (call) => {
      calls.push(call);
      return `hello-${call.args.join('-')}`;
    });
    agent.onCommand('later', async () => {
      await nextTurn();
    });
    agent.onCommand('break', () => {
      throw new Error('no such luck');
    });
    agent.onCommand('reject', () => Promise.reject(new Error('not today')));
    await agent.ready();

    const greeted = await answer('greet ann bob loud=yes', 'g1');
    expect(greeted.state).toBe('done');
    expect(greeted.detail).toMatch(/^hello-ann-bob took=\d+ms$/);
    const [{ signal, ...call }] = calls as [CommandCall];
    expect(call).toEqual({ verb: 'greet', args: ['ann', 'bob'], options: { loud: 'yes' }, id: 'g1' });
    expect(signal.aborted).toBe(false);
    expect(await answer('later', 'l1')).toMatchObject({ state: 'done', detail: expect.stringMatching(/^took=\d+ms$/) });
    expect(await answer('break', 'b1')).toMatchObject({ state: 'failed', detail: 'no such luck' });
    expect(await answer('reject', 'r1')).toMatchObject({ state: 'failed', detail: 'not today' });
    // The file has the answer a moment before the status.
    const last = await until(
      () => agent.status().commands.last,
      (commands) => commands.at(-1)?.state === 'failed' && commands.at(-1)?.id === 'r1',
    );
    expect(last.map(({ verb, state, id }) => `${verb} ${state} ${id}`)).toEqual([
      'greet done g1',
      'later done l1',
      'break failed b1',
      'reject failed r1',
    ]);
    // It has answered before it was registered, and is none the worse for the failures.
    expect(agent.status().registration).toMatchObject({ phase: 'registered', epoch: 1 });
  });

  it('rejects arguments and options that the schema does not let through', async () => {
    const agent = withFile();
    let runs = 0;
    agent.onCommand('drain', () => void (runs += 1), {
      args: [{ name: 'pool', values: ['blue', 'green'] }],
      options: { seconds: { type: 'integer' } },
    });
    expect((await answer('drain blue seconds=3', 'ok')).state).toBe('done');
    const refused: [string, string][] = [
      ['drain', 'argument pool is missing'],
      ['drain red', 'argument pool: expected one of blue, green'],
      ['drain blue green', 'too many arguments'],
      ['drain blue seconds=soon', 'option seconds: expected a whole number'],
      ['drain blue force=yes', 'unknown option force'],
    ];
    for (const [at, [command, reason]] of refused.entries()) {
      const { state, detail } = await answer(command, `no${at}`);
      expect([command, state, detail]).toEqual([command, 'rejected', expect.stringContaining(reason)]);
    }
    expect(runs).toBe(1);
  });

  it('gives a handler its time, then tells it that the wait is over', async () => {
    const agent = withFile();
    let signal!: AbortSignal;
    agent.onCommand(
      'hang',
      (call) => {
        ({ signal } = call);
        return new Promise(() => undefined);
      },
      { timeoutMs: 60 },
    );
    expect(await answer('hang', 'h1')).toMatchObject({ state: 'failed', detail: 'timeout' });
    expect(signal.aborted).toBe(true);
  });

  it('waits for a verb that comes within seconds of the start, and takes it away again', async () => {
    const agent = withFile();
    await operator.echo('warm-up id=w1');
    await until(() => agent.status().commands.watching !== 'off');
    const takeAway = agent.onCommand('warm-up', () => 'warm');
    const done = await until(() => operator.stamps().find(({ state }) => state === 'done'));
    expect(done).toMatchObject({ id: 'w1', detail: expect.stringMatching(/^warm took=/) });
    expect(thrownBy(() => agent.onCommand('warm-up', () => undefined)).code).toBe('INVALID_CONFIGURATION');
    takeAway();
    agent.onCommand('warm-up', () => 'warmer');
    expect((await answer('warm-up', 'w2')).detail).toMatch(/^warmer took=/);
  });

  it.each([
    ['reset', 'a verb that is not there yet'],
    ['log-level', 'a verb that is not there yet'],
    ['two words', 'a letter, then'],
    ['', 'a letter, then'],
  ])('throws for the verb %j', (verb, expected) => {
    const error = thrownBy(() => run().onCommand(verb, () => undefined));
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.faults).toEqual([
      { name: 'verb', value: verb, source: 'onCommand()', expected: expect.stringContaining(expected) },
    ]);
  });
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
