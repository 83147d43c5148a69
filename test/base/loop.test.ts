import { Log } from '../../src/base/log';
import { Loop } from '../../src/base/loop';
import { FakeClock } from '../support/fake-clock';

let clock: FakeClock;
let turns: number[];
let turn: (signal: AbortSignal) => Promise<number>;
let loop: Loop;
let errors: string[];

beforeEach(() => {
  clock = new FakeClock();
  turns = [];
  errors = [];
  turn = async () => 1_000;
  const logger = {
    error: (message: string) => void errors.push(message),
    warn: jest.fn(),
    info: jest.fn(),
    debug: jest.fn(),
  };
  loop = new Loop({
    name: 'test',
    clock,
    log: new Log(clock, logger),
    turn: (signal) => {
      turns.push(clock.elapsed());
      return turn(signal);
    },
  });
});

afterEach(() => loop.stop());

describe('a loop', () => {
  it('takes turn after turn with the delays they ask for', async () => {
    loop.wake();
    await clock.advance(3_500);
    expect(turns).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('sleeps for good after a turn that asks for it, until it is woken', async () => {
    turn = async () => Infinity;
    loop.wake();
    await clock.advance(10_000);
    expect(turns).toEqual([0]);
    expect(clock.pending).toBe(0);
    loop.wake(5);
    await clock.advance(10_000);
    expect(turns).toEqual([0, 10_005]);
  });

  it('wakes at the earliest of all wishes', async () => {
    loop.wake(500);
    loop.wake(100);
    loop.wake(300);
    await clock.advance(150);
    expect(turns).toEqual([100]);
  });

  it('never takes two turns at once, and one more after a turn during which it was woken', async () => {
    let finish!: () => void;
    turn = () => new Promise((resolve) => (finish = () => resolve(1_000)));
    loop.wake();
    await clock.advance(0);
    loop.wake();
    loop.wake();
    await clock.advance(5_000);
    expect(turns).toEqual([0]);
    finish();
    await clock.advance(0);
    expect(turns).toEqual([0, 5_000]);
    finish();
    await clock.advance(999);
    expect(turns).toHaveLength(2);
  });

  it('lets a turn be interrupted and takes the next at once', async () => {
    turn = (signal) =>
      new Promise((resolve) => {
        if (turns.length > 1) resolve(Infinity);
        else signal.addEventListener('abort', () => resolve(60_000));
      });
    loop.wake();
    await clock.advance(100);
    loop.interrupt();
    await clock.advance(0);
    expect(turns).toEqual([0, 100]);
  });

  it('lives through a turn that throws, and says so', async () => {
    turn = async () => {
      throw new Error('a fault of ours');
    };
    loop.wake();
    await clock.advance(12_000);
    expect(turns).toEqual([0, 5_000, 10_000]);
    expect(errors).toEqual(['test: a fault of ours']);
  });

  it('waits for the turn that runs when it is stopped, and takes no other', async () => {
    let ended = false;
    turn = (signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          ended = true;
          resolve(0);
        }),
      );
    loop.wake();
    await clock.advance(0);
    await loop.stop();
    expect(ended).toBe(true);
    loop.wake();
    await clock.advance(10_000);
    expect(turns).toEqual([0]);
    expect(clock.pending).toBe(0);
  });
});
