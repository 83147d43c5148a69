import type { ServerHttp2Stream } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { ok } from '../../src/base/outcome';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until, untilQuick } from '../support/until';
import { Backends, never } from '../support/wire/backends';
import { someNames } from '../support/wire/names';
import { GRPC_HEADERS, KNOWS_US, RawHttp2Server, respond } from '../support/wire/http2-server';

const MIB = 1024 * 1024;
const HEARTBEAT = { instanceId: 7, instanceName: 'orders-1', time: 1 };
/** Milliseconds of CPU for one heartbeat. Two million empty commands took 1,200. */
const BUDGET_MS = 200;

/** `Commands` with two million empty ones: 4 MiB, which gzip makes 4 KB of. */
const BOMB = frameOf(1, gzipSync(Buffer.alloc(4 * MIB, Buffer.from('0a00', 'hex'))));
const LARGE = frameOf(0, Buffer.alloc(64 * 1024 + 2, Buffer.from('0a00', 'hex')));

function frameOf(flag: number, message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function answerWith(stream: ServerHttp2Stream, body: Buffer): void {
  stream.resume().on('end', () => {
    stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(body);
  });
}

describe('a backend whose answers are out of all proportion', () => {
  let bad: RawHttp2Server;
  let good: RawHttp2Server;
  let backends: Backends;

  beforeEach(() => {
    [bad, good] = [new RawHttp2Server(), new RawHttp2Server()];
    backends = new Backends();
  });

  afterEach(async () => {
    await stopOwn();
    await backends.close();
    bad.stop();
    good.stop();
  });

  it.each([
    ['of 4 KB that inflates to 4 MiB', BOMB],
    ['of more than 64 KiB', LARGE],
  ])('is left for the next one when it answers a heartbeat with a message %s', async (_what, body) => {
    bad.onCheck = (stream) => answerWith(stream, body);
    const ports = [await bad.start(), await good.start()] as const;
    let backend!: ReturnType<Backends['to']>;
    // Again where it took longer: what is done for the first time takes its time, and so do other threads.
    await untilQuick(async () => {
      backend = backends.to(ports);
      await backend.api.connect(never);
      expect(backend.address).toBe(`127.0.0.1:${ports[0]}`);
      const before = process.cpuUsage();
      const outcome = await backend.api.v2.heartbeat(HEARTBEAT, never);
      const { user, system } = process.cpuUsage(before);
      expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('RESOURCE_EXHAUSTED') });
      expect(backend.address).toBe(undefined);
      return (user + system) / 1_000;
    }, BUDGET_MS);
    await backend.api.connect(never);
    expect(backend.address).toBe(`127.0.0.1:${ports[1]}`);
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(3));
  });

  it('is left when it answers a heartbeat with more commands than there can be, within 64 KiB', async () => {
    bad.onCheck = (stream) => respond(stream, frameOf(0, LARGE.subarray(5, -4)));
    const backend = backends.to(await bad.start());
    await backend.api.connect(never);
    expect(await backend.api.v2.heartbeat(HEARTBEAT, never)).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('the answer is too large'),
    });
    expect(backend.address).toBe(undefined);
  });

  it('is left when it answers the check before the segments with more than 64 KiB', async () => {
    bad.onCheck = (stream) => respond(stream, Buffer.concat([KNOWS_US, Buffer.alloc(64 * 1024)]));
    const backend = backends.to(await bad.start());
    await backend.api.connect(never);
    expect(await backend.segments.open(someNames(), never)).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('too large'),
    });
    expect(backend.address).toBe(undefined);
  });

  it('is named in one warning, and shown as the last error', async () => {
    bad.onCheck = (stream) => answerWith(stream, BOMB);
    const agent = startOwn({ backends: `127.0.0.1:${await bad.start()}`, protocol: 'v2', logs: false });
    await until(() => agent.status().heartbeat.failures > 2);
    expect(agent.status().heartbeat.lastError).toContain('RESOURCE_EXHAUSTED');
    const warnings = logged.filter((line) => line.startsWith('warn: backend: '));
    expect(warnings).toEqual([expect.stringContaining('larger than 65536')]);
  });
});
