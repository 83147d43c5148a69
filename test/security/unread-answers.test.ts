import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import type { Clock } from '../../src/base/clock';
import { InboundBudget, InboundLimit } from '../../src/transport/inbound-limit';
import { IdleProcessGuard, writeQueueOf } from '../../src/transport/socket-guards';
import { FakeClock } from '../support/fake-clock';

const CHECKS = 60;
const pem = (name: string): Buffer =>
  readFileSync(path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls', `${name}.pem`));

describe('a backend that reads next to nothing of what it is sent', () => {
  const checks: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    elapsed: () => 0,
    random: () => 0,
    after: (_ms, check) => {
      checks.push(check);
      return { cancel: () => undefined };
    },
  };
  const ends: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  let limit: InboundLimit;
  let ours: Socket;
  let watches: FakeClock;
  let active: string[];

  async function check(times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      checks.shift()?.();
      await new Promise(setImmediate);
    }
  }

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ours = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    await once(server, 'connection');
    watches = new FakeClock();
    active = ['Timeout', 'SimpleWriteWrap'];
    jest.spyOn(process, 'getActiveResourcesInfo').mockImplementation(() => active);
    // Jest runs several files each in a process of their own.
    process.connected = false;
    const idleGuard = new IdleProcessGuard(watches);
    limit = new InboundLimit(clock, new InboundBudget(clock), idleGuard, (reason) => ends.push(reason));
    limit.add(ours);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const socket of [ours, ...sockets.splice(0)]) socket.destroy();
    checks.splice(0);
    ends.splice(0);
    server.close();
    await once(server, 'close');
  });

  it('loses its connection when nothing went out for a minute', async () => {
    ours.write(Buffer.alloc(64 * 1024 * 1024));
    await check(CHECKS - 10);
    expect(ends).toEqual([]);
    // The first ones may have seen the kernel still take some.
    await check(20);
    expect(ends).toEqual(['it has read next to nothing for a minute']);
    expect(ours.destroyed).toBe(true);
  });

  it('loses its connection as soon as nothing else keeps the process up', async () => {
    ours.write(Buffer.alloc(64 * 1024 * 1024));
    await check(3);
    await watches.advance(10_000);
    expect(ends).toEqual([]);
    active = ['SimpleWriteWrap'];
    await watches.advance(250);
    expect(ends).toEqual(['nothing else kept the process up']);
    await new Promise(setImmediate);
    expect(ours.destroyed).toBe(true);
    expect(watches.pending).toBe(0);
  });

  it('is watched for the end of the process once, and only while something waits to be written', async () => {
    await check(3);
    expect(watches.pending).toBe(0);
    ours.write(Buffer.alloc(64 * 1024 * 1024));
    await check(1);
    // It may be a short stall.
    expect(watches.pending).toBe(0);
    await check(3);
    expect(watches.pending).toBe(1);
    sockets[0]!.resume();
    while (ours.writableLength > 0) await new Promise(setImmediate);
    await check(1);
    expect(watches.pending).toBe(0);
    sockets[0]!.pause();
    ours.write(Buffer.alloc(64 * 1024 * 1024));
    await check(3);
    expect(watches.pending).toBe(1);
    // The kernel may still take some.
    await check(2 * CHECKS);
    expect(ends).toEqual(['it has read next to nothing for a minute']);
    expect(watches.pending).toBe(0);
  });

  it('keeps it while a little goes out at a time, and while there is nothing to write', async () => {
    const { _handle: handle } = ours as unknown as { _handle: { writeQueueSize: number } };
    await check(2 * CHECKS);
    ours.write(Buffer.alloc(64 * 1024 * 1024));
    await check(CHECKS - 10);
    const waiting = handle.writeQueueSize;
    sockets[0]!.resume();
    while (handle.writeQueueSize === waiting) await new Promise(setImmediate);
    sockets[0]!.pause();
    expect(handle.writeQueueSize).toBeGreaterThan(0);
    await check(CHECKS - 10);
    expect(ends).toEqual([]);
  });

  it.each([
    [8, []],
    [32, ['it has left more unread than any backend has reason to']],
  ])('may let TLS keep some of it, at the first check too: %d MiB', async (mib, reasons) => {
    const theirs = new tls.TLSSocket(sockets[0]!, { isServer: true, cert: pem('server'), key: pem('server-key') });
    theirs.on('error', () => undefined);
    const secured = tls.connect({ socket: ours, ca: pem('ca'), servername: 'localhost' }).on('error', () => undefined);
    await once(secured, 'secureConnect');
    limit.addTls(ours, secured);
    secured.write(Buffer.alloc(mib * 1024 * 1024));
    // From Node.js 24 on it is encrypted a turn later.
    while (writeQueueOf(secured) < mib * 1024 * 1024) await new Promise(setImmediate);
    await check(1);
    expect(ends).toEqual(reasons);
    theirs.destroy();
    secured.destroy();
  });
});
