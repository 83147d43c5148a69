import { CommandRateLimit, Execution } from '../../../src/control/run/command-runner';
import type { Verb, VerbCall } from '../../../src/control/run/verbs';
import { FakeClock } from '../../support/fake-clock';

type ExecutionResult = Awaited<Execution['result']>;

const clock = new FakeClock();

function execute(run: Verb['run'], timeoutMs = 30_000) {
  const verb: Verb = { name: 'v', timeoutMs, idempotent: false, isFulfilledAtStart: false, run };
  return new Execution(clock, verb, { verb: 'v', args: ['a'], options: { b: 'c' }, id: 'aaaaaa', when: 'now' });
}

async function resultOf(run: Verb['run'], waitMs = 0): Promise<ExecutionResult | undefined> {
  let result: ExecutionResult | undefined;
  void execute(run).result.then((one) => (result = one));
  await clock.advance(waitMs);
  return result;
}

describe('an execution', () => {
  it('is done with what the handler returned, at once or later', async () => {
    expect(await resultOf(() => 'a=b')).toEqual({ state: 'done', detail: 'a=b', tookMs: 0 });
    expect(await resultOf(() => undefined)).toEqual({ state: 'done', detail: '', tookMs: 0 });
    const later = () => new Promise<string>((resolve) => clock.after(722, () => resolve('x')));
    expect(await resultOf(later, 1_000)).toEqual({ state: 'done', detail: 'x', tookMs: 722 });
    expect(await resultOf(() => 17 as unknown as string)).toEqual({ state: 'done', detail: '', tookMs: 0 });
  });

  it('has failed with what the handler threw, whatever that is', async () => {
    const thrower = (what: unknown) => () => {
      // eslint would have an Error here; applications throw what they like.
      throw what as Error;
    };
    expect(await resultOf(thrower(new Error('no heap')))).toMatchObject({ state: 'failed', detail: 'no heap' });
    expect(await resultOf(thrower('a text'))).toMatchObject({ state: 'failed', detail: 'a text' });
    expect(await resultOf(() => Promise.reject(new Error('later')))).toMatchObject({
      state: 'failed',
      detail: 'later',
    });
    expect(await resultOf(thrower({ toString: null }))).toMatchObject({ state: 'failed' });
  });

  it('has failed when its time is up, tells the handler, and hears nothing of it afterwards', async () => {
    let call: VerbCall | undefined;
    let end: (text: string) => void = () => undefined;
    const execution = execute((one) => {
      call = one;
      return new Promise<string>((resolve) => (end = resolve));
    }, 1_000);
    await clock.advance(999);
    expect(call?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(call?.signal.aborted).toBe(true);
    end('too late');
    await expect(execution.result).resolves.toEqual({ state: 'failed', detail: 'timeout', tookMs: 1_000 });
  });

  it('hands on the call as it was given and leaves no timer behind', async () => {
    const calls: VerbCall[] = [];
    await execute((call) => void calls.push(call)).result;
    expect(calls).toMatchObject([{ verb: 'v', args: ['a'], options: { b: 'c' }, id: 'aaaaaa', when: 'now' }]);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });
});

describe('the rate limit', () => {
  it('lets five through at once and then one a second', async () => {
    const clock = new FakeClock();
    const limit = new CommandRateLimit(clock, { burst: 5, everyMs: 1_000 });
    for (let at = 0; at < 5; at++) {
      expect(limit.waitMs()).toBe(0);
      limit.acquire();
    }
    expect(limit.waitMs()).toBe(1_000);
    await clock.advance(400);
    expect(limit.waitMs()).toBe(600);
    await clock.advance(600);
    expect(limit.waitMs()).toBe(0);
    limit.acquire();
    expect(limit.waitMs()).toBe(1_000);
    await clock.advance(60_000);
    for (let at = 0; at < 5; at++) limit.acquire();
    expect(limit.waitMs()).toBe(1_000);
  });
});
