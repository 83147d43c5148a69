import { createServer, connect, Socket, type AddressInfo, type NetConnectOpts, type Server } from 'node:net';
import { modules } from '../../src/base/lazy';
import { dial } from '../../src/transport/dial';
import { IdleProcessGuard } from '../../src/transport/socket-guards';
import { FakeClock } from '../support/fake-clock';

describe('dialling a host of several addresses', () => {
  const clock = new FakeClock();
  const idleGuard = new IdleProcessGuard(clock);
  const { signal } = new AbortController();
  const dialled: string[] = [];
  let server: Server;
  let port: number;

  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    dialled.length = 0;
    jest.spyOn(process, 'getActiveResourcesInfo').mockReturnValue(['Timeout', 'ConnectWrap']);
    // 10.… swallows everything, 127.0.0.2 refuses, 127.0.0.1 is there.
    const open = (options: NetConnectOpts): Socket => {
      const { host } = options as { host: string };
      dialled.push(host);
      if (host.startsWith('10.')) return new Socket();
      return connect({ host: '127.0.0.1', port: host === '127.0.0.1' ? port : 1 });
    };
    jest.spyOn(modules, 'net').mockReturnValue({ connect: open } as never);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    server.close();
  });

  function hostIs(...addresses: string[]): void {
    type Answer = (error: null, found: { address: string }[]) => void;
    const lookup = (_host: string, _options: object, answer: Answer): void =>
      answer(
        null,
        addresses.map((address) => ({ address })),
      );
    jest.spyOn(modules, 'dns').mockReturnValue({ lookup } as never);
  }

  const dialled5s = (): Promise<Socket> => dial({ host: 'orders', port }, 5_000, clock, idleGuard, signal);

  it('goes on where one swallows everything, while there is time for the others', async () => {
    hostIs('10.0.0.1', '127.0.0.1');
    const dialling = dialled5s();
    await clock.advance(2_499);
    expect(dialled).toEqual(['10.0.0.1']);
    await clock.advance(1);
    (await dialling).destroy();
    expect(dialled).toEqual(['10.0.0.1', '127.0.0.1']);
  });

  it('goes on at once where one refuses', async () => {
    hostIs('127.0.0.2', '127.0.0.1');
    (await dialled5s()).destroy();
    expect(dialled).toEqual(['127.0.0.2', '127.0.0.1']);
  });

  it('tries 16 of very many, so that each has time to answer', async () => {
    const addresses = Array.from({ length: 4_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    hostIs(...addresses);
    const failure = expect(dialled5s()).rejects.toThrow();
    await clock.advance(312);
    expect(dialled).toEqual(addresses.slice(0, 1));
    await clock.advance(5_000 - 312);
    await failure;
    expect(dialled).toEqual(addresses.slice(0, 16));
  });

  it('fails with what the last one said', async () => {
    hostIs('10.0.0.1', '127.0.0.2');
    const dialling = dialled5s();
    const failure = expect(dialling).rejects.toThrow('ECONNREFUSED');
    await clock.advance(2_500);
    await failure;
  });

  it('fails where there is no address at all', async () => {
    hostIs();
    await expect(dialled5s()).rejects.toThrow('orders has no address');
  });
});

describe('looking up the name of a host', () => {
  type Answer = (error: Error | null, found: { address: string }[]) => void;
  const clock = new FakeClock();
  const idleGuard = new IdleProcessGuard(clock);
  let asked: { readonly host: string; readonly answer: Answer }[];

  beforeEach(() => {
    asked = [];
    const lookup = (host: string, _options: object, answer: Answer): void => void asked.push({ host, answer });
    jest.spyOn(modules, 'dns').mockReturnValue({ lookup } as never);
  });

  afterEach(() => jest.restoreAllMocks());

  /** An attempt to connect that is given up by `abort`. */
  function attempt(host: string) {
    const given = new AbortController();
    const fault = dial({ host, port: 1 }, 5_000, clock, idleGuard, given.signal).catch((error: unknown) =>
      String(error),
    );
    return { fault, abort: () => given.abort(new Error('given up')) };
  }

  const hosts = async (): Promise<string[]> => {
    await clock.advance(1);
    return asked.map(({ host }) => host);
  };

  it('is done once for all attempts, however many are given up while the name server hangs', async () => {
    for (let n = 0; n < 5; n++) {
      const { fault, abort } = attempt('orders');
      expect(await hosts()).toEqual(['orders']);
      abort();
      expect(await fault).toBe('Error: given up');
    }
    const last = attempt('orders');
    await hosts();
    asked[0]!.answer(null, []);
    expect(await last.fault).toBe('Error: orders has no address');
    const next = attempt('orders');
    expect(await hosts()).toEqual(['orders', 'orders']);
    asked[1]!.answer(new Error('ENOTFOUND'), []);
    expect(await next.fault).toBe('Error: ENOTFOUND');
  });

  it('waits for that of another host, which may fail', async () => {
    const first = attempt('orders');
    const others = [attempt('stock'), attempt('prices')];
    expect(await hosts()).toEqual(['orders']);
    asked[0]!.answer(new Error('ENOTFOUND'), []);
    expect(await first.fault).toBe('Error: ENOTFOUND');
    expect(await hosts()).toEqual(['orders', 'stock']);
    asked[1]!.answer(null, []);
    expect(await hosts()).toEqual(['orders', 'stock', 'prices']);
    asked[2]!.answer(null, []);
    expect(await Promise.all(others.map(({ fault }) => fault))).toEqual([
      'Error: stock has no address',
      'Error: prices has no address',
    ]);
  });

  it('is given up with its attempt while it waits for that of another host', async () => {
    const first = attempt('orders');
    const second = attempt('stock');
    await hosts();
    second.abort();
    expect(await second.fault).toBe('Error: given up');
    asked[0]!.answer(null, []);
    await first.fault;
    expect(await hosts()).toEqual(['orders']);
  });

  it('is begun anew after a minute without any answer', async () => {
    const first = attempt('orders');
    await hosts();
    first.abort();
    await clock.advance(60_000);
    const others = [attempt('orders'), attempt('stock')];
    expect(await hosts()).toEqual(['orders', 'orders']);
    asked[0]!.answer(null, []);
    expect(await hosts()).toEqual(['orders', 'orders']);
    asked[1]!.answer(null, []);
    expect(await hosts()).toEqual(['orders', 'orders', 'stock']);
    asked[2]!.answer(null, []);
    await Promise.all(others.map(({ fault }) => fault));
  });

  it.each(['127.0.0.1', '::1'])('is not waited for by one whose host is an address: %s', async (address) => {
    const first = attempt('orders');
    const second = attempt(address);
    expect(await hosts()).toEqual(['orders', address]);
    for (const { answer } of asked) answer(null, []);
    await Promise.all([first.fault, second.fault]);
  });
});
