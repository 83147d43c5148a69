import { Socket } from 'node:net';
import { IdleProcessGuard } from '../../src/transport/socket-guards';
import { FakeClock } from '../support/fake-clock';

describe('the idle process guard', () => {
  let active: string[];
  let clock: FakeClock;
  let idleGuard: IdleProcessGuard;
  let left: number;

  beforeEach(() => {
    clock = new FakeClock();
    idleGuard = new IdleProcessGuard(clock);
    left = 0;
    jest.spyOn(process, 'getActiveResourcesInfo').mockImplementation(() => active);
    // Jest runs several files each in a process of their own.
    process.connected = false;
  });

  afterEach(() => jest.restoreAllMocks());

  const watch = (): (() => void) => idleGuard.guard(() => left++);

  it.each([
    ['ConnectWrap'],
    ['TCPConnectWrap'],
    ['PipeWrap', 'ConnectWrap'],
    ['TTYWrap', 'TTYWrap', 'SimpleWriteWrap'],
  ])('leaves when nothing else holds the process up: %s %s %s', async (...kinds) => {
    active = kinds.filter(Boolean);
    watch();
    await clock.advance(100);
    expect(left).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [],
    ['Timeout', 'ConnectWrap'],
    ['TCPServerWrap', 'ConnectWrap'],
    ['ConnectWrap', 'ConnectWrap'],
    ['PipeWrap', 'PipeWrap', 'PipeWrap', 'ConnectWrap'],
    ['TCPSocketWrap'],
  ])('stays while there is another handle: %s %s %s %s', async (...kinds) => {
    active = kinds.filter(Boolean);
    const unwatch = watch();
    await clock.advance(10_000);
    expect(left).toBe(0);
    unwatch();
    expect(clock.pending).toBe(0);
  });

  it.each(['message', 'disconnect'])(
    'stays while the process listens to the one that has started it, as a worker of a cluster does: %s',
    async (event) => {
      let listeners = 1;
      jest.spyOn(process, 'listenerCount').mockImplementation((name) => (name === event ? listeners : 0));
      process.connected = true;
      active = ['PipeWrap', 'ConnectWrap'];
      watch();
      await clock.advance(10_000);
      expect(left).toBe(0);
      // A channel that the application has unref'd is not listed.
      active = ['ConnectWrap'];
      await clock.advance(10_000);
      expect(left).toBe(1);
      active = ['PipeWrap', 'ConnectWrap'];
      listeners = 0;
      watch();
      await clock.advance(10_000);
      expect(left).toBe(2);
    },
  );

  describe('of several sockets', () => {
    const blocked = (): Socket => Object.assign(new Socket(), { _handle: { writeQueueSize: 1 } });
    const connecting = (): Socket => Object.assign(new Socket(), { connecting: true });

    it.each([
      ['SimpleWriteWrap'],
      ['SimpleWriteWrap', 'SimpleWriteWrap'],
      ['PipeWrap', 'PipeWrap', 'SimpleWriteWrap', 'TCPConnectWrap', 'SimpleWriteWrap'],
    ])('leaves when nothing but their requests holds the process up: %s %s %s %s %s', async (...kinds) => {
      active = kinds.filter(Boolean);
      for (const socket of [blocked(), connecting(), blocked()]) idleGuard.add(socket);
      watch();
      await clock.advance(100);
      expect(left).toBe(1);
    });

    it.each([
      ['SimpleWriteWrap', 'SimpleWriteWrap', 'SimpleWriteWrap'],
      ['ConnectWrap', 'SimpleWriteWrap', 'SimpleWriteWrap'],
      ['PipeWrap', 'PipeWrap', 'PipeWrap', 'SimpleWriteWrap'],
    ])('stays while the application has one as well, or another handle: %s %s %s %s', async (...kinds) => {
      active = kinds.filter(Boolean);
      const quiet = Object.assign(new Socket(), { _handle: { writeQueueSize: 0 } });
      const closed = blocked();
      for (const socket of [blocked(), quiet, closed, blocked()]) idleGuard.add(socket);
      // Twice is once.
      idleGuard.add(quiet);
      closed.emit('close');
      const unwatch = watch();
      await clock.advance(10_000);
      expect(left).toBe(0);
      unwatch();
    });

    it('takes no request for ours where none of ours is seen, if only those that are seen are ours', async () => {
      active = ['SimpleWriteWrap'];
      const socket = Object.assign(new Socket(), { _handle: { writeQueueSize: 0 } });
      idleGuard.add(socket);
      idleGuard.guard(() => left++, 0);
      await clock.advance(10_000);
      expect(left).toBe(0);
      Object.assign(socket, { _handle: { writeQueueSize: 1 } });
      await clock.advance(250);
      expect(left).toBe(1);
    });
  });

  it('looks every 5 s while a look takes long, as with a million handles, and as often as before when it does not', async () => {
    let lookedMs = 0;
    let lookMs = 60;
    const elapsed = clock.elapsed.bind(clock);
    jest.spyOn(clock, 'elapsed').mockImplementation(() => elapsed() + lookedMs);
    const list = jest.spyOn(process, 'getActiveResourcesInfo').mockImplementation(() => {
      lookedMs += lookMs;
      return active;
    });
    active = ['Timeout', 'ConnectWrap'];
    watch();
    await clock.advance(15_000);
    expect(list).toHaveBeenCalledTimes(3);
    lookMs = 0.03;
    await clock.advance(5_100);
    active = ['ConnectWrap'];
    await clock.advance(250);
    expect(left).toBe(1);
  });

  it('leaves soon after hundreds of handles that were quickly looked at', async () => {
    active = [...new Array<string>(600).fill('Timeout'), 'ConnectWrap'];
    watch();
    await clock.advance(10_100);
    active = ['ConnectWrap'];
    await clock.advance(250);
    expect(left).toBe(1);
  });

  it('leaves soon after the others', async () => {
    active = ['Timeout', 'ConnectWrap'];
    watch();
    await clock.advance(5_000);
    active = ['ConnectWrap'];
    await clock.advance(250);
    expect(left).toBe(1);
  });

  it('looks longer before it leaves, each time that the process went on without it', async () => {
    active = ['ConnectWrap'];
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = clock.elapsed();
      watch();
      while (left === i) await clock.advance(10);
      waits.push(clock.elapsed() - before);
    }
    expect(waits).toEqual([40, 160, 640, 2_560, 5_000, 5_000]);
  });
});
