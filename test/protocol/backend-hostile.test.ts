import { Metadata } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Outcome } from '../../src/base/outcome';
import type { Backend } from '../../src/protocol/backend';
import { BackendConnection } from '../../src/transport/backend-connection';
import { Flag, formatHttp2, FrameType, GRPC_ANSWER, headerField, startRawHttp2 } from '../support/raw-http2';
import { until } from '../support/until';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import { someNames } from '../support/wire/names';
import { ChildServers } from '../support/wire/child-server';
import { GRPC_HEADERS, KNOWS_US, RawHttp2Server, respond } from '../support/wire/http2-server';
import { opened } from '../support/wire/opened';
import { entryAndExit } from '../support/wire/segments';

describe('a backend that is none', () => {
  let backends: Backends;
  let server: Server;
  const sockets = new Set<Socket>();

  beforeEach(() => {
    backends = new Backends();
    server = createServer();
    server.on('connection', (socket) => {
      sockets.add(socket);
      // A socket that is not read does not notice that the other side has gone.
      socket.resume().on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    });
  });

  afterEach(async () => {
    await backends.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function outcomeOf(onConnection: (socket: Socket, nth: number) => void): Promise<Outcome<unknown>> {
    let nth = 0;
    server.on('connection', (socket) => onConnection(socket, ++nth));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backend = backends.to((server.address() as AddressInfo).port, { clock: clockOfSpeed(20) });
    const outcome = await backend.api.connect(never);
    expect(backend.address).toBe(undefined);
    return outcome;
  }

  it('is given up after five seconds when it is mute, and its connection closed', async () => {
    const outcome = await outcomeOf(() => undefined);
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('within 5000 ms') });
    await until(() => sockets.size === 0);
  });

  it('is given up when it hangs up', async () => {
    expect(await outcomeOf((socket) => socket.destroy())).toMatchObject({ status: 'retryable' });
    await until(() => sockets.size === 0);
  });

  it('is given up when it speaks HTTP/1', async () => {
    const http = createHttpServer((_request, response) => void response.end('hello'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const backend = backends.to((http.address() as AddressInfo).port);
    expect(await backend.api.connect(never)).toMatchObject({ status: 'retryable' });
    http.close();
  });

  it.each([1, 9, 100, 100_000])('is given up when it says %i random bytes', async (size) => {
    const outcome = await outcomeOf((socket) => socket.end(randomBytes(size)));
    expect(outcome).toMatchObject({ status: 'retryable' });
    await until(() => sockets.size === 0);
  });

  it('is given up when its second connection stays mute, and both are closed', async () => {
    // Settings without any, acknowledged or not, are all that the first one needs.
    const settings = Buffer.from('000000040000000000', 'hex');
    const outcome = await outcomeOf((socket, nth) => nth === 1 && socket.write(settings));
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('within 5000 ms') });
    await until(() => sockets.size === 0);
  });

  it('is given up when it ends the first connection while the second is made, and can be closed', async () => {
    const settings = Buffer.from('000000040000000000', 'hex');
    const outcome = await outcomeOf((socket, nth) => {
      const [first] = sockets;
      // Once the agent has seen the end of the first, and closed it as well.
      if (nth === 2) first?.end().once('close', () => socket.write(settings));
      else socket.write(settings);
    });
    expect(outcome).toMatchObject({ status: 'retryable' });
    await backends.close();
    await until(() => sockets.size === 0);
  });

  it('is given up when it takes no second connection', async () => {
    const settings = Buffer.from('000000040000000000', 'hex');
    const outcome = await outcomeOf((socket, nth) => (nth === 1 ? socket.write(settings) : socket.destroy()));
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('second connection') });
    await until(() => sockets.size === 0);
  });

  it('is not connected to again by grpc-js itself when that has got no second connection', async () => {
    const settings = Buffer.from('000000040000000000', 'hex');
    let count = 0;
    await outcomeOf((socket, nth) => {
      count = nth;
      if (nth === 2) socket.destroy();
      else socket.write(settings);
    });
    expect(count).toBe(2);
    // It would be after a second, give or take a fifth, whatever our clock says.
    await sleep(1_500);
    expect(count).toBe(2);
    expect(sockets.size).toBe(0);
  });
});

describe('a backend gone mad', () => {
  let server: RawHttp2Server;
  let backends: Backends;
  let port: number;

  beforeEach(async () => {
    server = new RawHttp2Server();
    backends = new Backends();
    port = await server.start();
  });

  afterEach(async () => {
    await backends.close();
    server.stop();
  });

  /** @param speed of the timers from then on: a busy machine takes its time to connect */
  async function connected(speed = 1): Promise<Backend> {
    const clock = clockOfSpeed(1);
    const backend = backends.to(port, { clock });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    clock.speed = speed;
    return backend;
  }

  /** The fate of one segment. */
  async function fateOf({ segments }: Backend): Promise<Outcome<undefined>> {
    const stream = await opened(segments);
    await stream.write([entryAndExit()]);
    return stream.end();
  }

  const answers = {
    'compressed without being asked to': Buffer.concat([Buffer.from([1]), KNOWS_US.subarray(1)]),
    'shorter than it says': KNOWS_US.subarray(0, -1),
    'longer than it says': Buffer.concat([KNOWS_US, Buffer.from([0])]),
    'two messages': Buffer.concat([KNOWS_US, KNOWS_US]),
    'of four gigabytes, it says': Buffer.from('00ffffffff0a', 'hex'),
    empty: Buffer.alloc(0),
    'no protobuf': Buffer.from('0000000003ffffff', 'hex'),
  };
  it.each(Object.entries(answers))('answers the check with a message that is %s', async (_what, body) => {
    server.onCheck = (stream) => respond(stream, body);
    const backend = await connected(20);
    expect(await backend.segments.open(someNames(), never)).toMatchObject({ status: 'failed', code: 'INTERNAL' });
    expect(backends.doubts).toEqual([]);
    // grpc-js, asked the same over the other connection, is more patient with some; it comes to an end as well.
    expect(await backend.api.v2.registerService('orders', never)).toHaveProperty('status');
  });

  it('answers without end', async () => {
    server.onCheck = (stream) => {
      stream.respond(GRPC_HEADERS);
      const more = (): void => {
        while (!stream.destroyed && stream.write(Buffer.alloc(16_384)));
      };
      stream.on('drain', more);
      more();
    };
    const backend = await connected();
    const outcome = await backend.segments.open(someNames(), never);
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('too large') });
    expect(backend.address).toBe(undefined);
  });

  it.each([
    [{ ':status': 200, 'content-type': 'text/html', 'grpc-status': '0' }, 'failed', 'UNKNOWN'],
    [{ ':status': 200, 'content-type': 'text/html' }, 'failed', 'UNKNOWN'],
    [{ ':status': 200 }, 'failed', 'UNKNOWN'],
    [{ ':status': 404 }, 'failed', 'UNIMPLEMENTED'],
    [{ ':status': 503 }, 'failed', 'UNAVAILABLE'],
    [{ ':status': 403, 'grpc-status': '0', 'content-type': 'application/grpc' }, 'failed', 'PERMISSION_DENIED'],
    [{ ...GRPC_HEADERS }, 'failed', 'UNKNOWN'],
    [{ ...GRPC_HEADERS, 'grpc-status': 'zero' }, 'failed', 'UNKNOWN'],
    [{ ...GRPC_HEADERS, 'grpc-status': '99' }, 'failed', 'UNKNOWN'],
    [{ ...GRPC_HEADERS, 'grpc-status': '16', 'grpc-message': '%E2%9A%93 100%' }, 'failed', 'UNAUTHENTICATED'],
  ] as const)('answers segments with the headers %j alone', async (headers, expected, code) => {
    server.onCollect = (stream) => stream.resume().on('end', () => stream.respond(headers, { endStream: true }));
    expect(await fateOf(await connected())).toMatchObject({ status: expected, code });
  });

  describe('says what gRPC takes no headers for', () => {
    const headers = { ...GRPC_HEADERS, 'x!': 'a', latin: 'b\u009b31m', tab: 'c\td', 'set-cookie': ['e', 'f\u009b'] };
    const trailers = { 'grpc-status': '0', 'y!': 'g', high: '\u00fc' };
    const status = { 'grpc-status': '16', 'grpc-message': 'no' };
    let said: jest.SpyInstance;
    beforeEach(() => (said = jest.spyOn(console, 'error').mockReturnValue()));
    afterEach(() => said.mockRestore());

    it.each([
      ['before and after an answer', [headers, trailers], ok(3)],
      [
        'before and after a refusal',
        [headers, { ...trailers, ...status }],
        { status: 'failed', reason: 'UNAUTHENTICATED: no' },
      ],
      [
        'in a refusal that has one block of headers',
        [{ ...headers, ...status }],
        { status: 'failed', reason: 'UNAUTHENTICATED: no' },
      ],
    ])('%s, and grpc-js writes nothing of it to stderr', async (_where, [first, last], expected) => {
      server.onCheck = (stream) =>
        stream.resume().on('end', () => {
          stream.respond(first, { waitForTrailers: last !== undefined, endStream: last === undefined });
          stream.on('wantTrailers', () => stream.sendTrailers(last ?? {}));
          if (last) stream.end(KNOWS_US);
        });
      const backend = await connected();
      expect(await backend.api.v2.registerService('orders', never)).toMatchObject(expected);
      expect(said.mock.calls).toEqual([]);
    });
  });

  // A few bytes stand for such a header once it was sent: what is made of it is in no proportion to what comes in.
  it('says thousands of parts in one header before and after an answer, and grpc-js makes nothing of them', async () => {
    const added = jest.spyOn(Metadata.prototype, 'add');
    const parts = { 'a-bin': ','.repeat(4_000), 'grpc-status-details-bin': 'QUFB', b: ','.repeat(4_000) };
    server.onCheck = (stream) =>
      stream.resume().on('end', () => {
        stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'identity', ...parts }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'well', ...parts }));
        stream.end(KNOWS_US);
      });
    const backend = await connected();
    added.mockClear();
    expect(await backend.api.v2.registerService('orders', never)).toEqual(ok(3));
    const names = new Set(added.mock.calls.map(([name]) => name));
    added.mockRestore();
    expect([...names].sort()).toEqual(['grpc-encoding', 'grpc-message', 'grpc-status']);
  });

  it('says OK, and that is what counts', async () => {
    const headers = { ...GRPC_HEADERS, 'content-type': 'application/grpc+proto', 'grpc-status': '0' };
    server.onCollect = (stream) => stream.resume().on('end', () => stream.respond(headers, { endStream: true }));
    expect(await fateOf(await connected())).toEqual(ok(undefined));
  });

  it('answers before it was asked everything', async () => {
    server.onCollect = (stream) => {
      stream.once('data', () => {
        stream.pause().respond({ ...GRPC_HEADERS, 'grpc-status': '7' }, { endStream: true });
      });
    };
    const backend = await connected();
    const stream = await opened(backend.segments);
    // Far more than it lets us send.
    await until(async () => !(await stream.write(Array.from({ length: 1_000 }, entryAndExit))));
    expect(await stream.end()).toMatchObject({ status: 'failed', code: 'PERMISSION_DENIED' });
  });

  it.each([
    ['REFUSED_STREAM', constants.NGHTTP2_REFUSED_STREAM, { status: 'retryable' }],
    ['INTERNAL_ERROR', constants.NGHTTP2_INTERNAL_ERROR, { status: 'failed', code: 'INTERNAL' }],
    ['CANCEL', constants.NGHTTP2_CANCEL, { status: 'failed', code: 'CANCELLED' }],
    ['ENHANCE_YOUR_CALM', constants.NGHTTP2_ENHANCE_YOUR_CALM, { status: 'failed', code: 'RESOURCE_EXHAUSTED' }],
  ])('resets the stream of segments with %s', async (_name, code, expected) => {
    server.onCollect = (stream) => stream.close(code);
    expect(await fateOf(await connected())).toMatchObject(expected);
  });

  it.each([
    ['has not looked at the segments', 1, { status: 'retryable' }],
    ['may have looked at them', 3, { status: 'failed', code: 'UNAVAILABLE' }],
  ])('goes away in anger and says that it %s', async (_what, lastStreamId, expected) => {
    server.onCollect = (stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, lastStreamId);
    const backend = await connected();
    expect(await fateOf(backend)).toMatchObject(expected);
    expect(backend.address).toBe(undefined);
  });

  it('goes away politely: what it took before still counts, what it did not take comes back', async () => {
    server.onCollect = (stream) => {
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 3);
      respond(stream, Buffer.alloc(5));
    };
    const backend = await connected();
    expect(await fateOf(backend)).toEqual(ok(undefined));
    await until(() => backend.address === undefined);
    server.onCollect = (stream) => stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1);
    expect(await backend.api.connect(never)).toMatchObject({ value: { number: 2 } });
    expect(await fateOf(backend)).toMatchObject({ status: 'retryable' });
  });

  it.each([
    ['for segments', 0],
    ['for calls', 1],
  ])('tears one of two connections down, the one %s, and both are made anew', async (_which, nth) => {
    const backend = await connected();
    const told: string[] = [];
    backend.onDisconnect((reason) => told.push(reason));
    server.sockets[nth]!.destroy();
    await until(() => told.length);
    expect(backend.address).toBe(undefined);
    await until(() => server.sessions.size === 0);
    expect(await backend.api.connect(never)).toMatchObject({ value: { number: 2 } });
    expect(server.sockets).toHaveLength(4);
  });

  it('shares none of its connections with another user of gRPC in this process', async () => {
    const [one, other] = [await connected(), await connected()];
    expect(server.sessions.size).toBe(4);
    await one.close();
    await until(() => server.sessions.size === 2);
    expect(await other.api.v2.registerService('orders', never)).toEqual(ok(3));
    expect(other.address).toBeDefined();
  });

  it.each([
    ['by HTTP/2', (stream: ServerHttp2Stream) => stream.session?.destroy()],
    ['by TCP', () => server.sockets[0]!.destroy()],
    ['by TCP, in anger', () => server.sockets[0]!.resetAndDestroy()],
  ])('tears the connection down under the segments, %s', async (_how, tear) => {
    server.onCollect = (stream) => stream.once('data', () => tear(stream));
    expect(await fateOf(await connected())).toMatchObject({ status: 'failed', code: 'UNAVAILABLE' });
  });

  it('tears the connection down under the check', async () => {
    server.onCheck = (stream) => stream.session?.destroy();
    expect(await (await connected()).segments.open(someNames(), never)).toMatchObject({ status: 'retryable' });
  });

  it('does not answer the check', async () => {
    server.onCheck = (stream) => stream.resume();
    const backend = await connected(100);
    expect(await backend.segments.open(someNames(), never)).toMatchObject({ status: 'retryable' });
    expect(backend.address).toBe(undefined);
  });

  it('reads slowly: writing waits for it, and everything arrives', async () => {
    let go = (): void => undefined;
    let bytes = 0;
    server.onCollect = (stream) => {
      stream.pause();
      go = () => {
        stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
        respond(stream, Buffer.alloc(5));
      };
    };
    const backend = await connected();
    const stream = await opened(backend.segments);
    let isWritten = false;
    const writing = stream.write(Array.from({ length: 1_000 }, entryAndExit)).then((result) => (isWritten = result));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isWritten).toBe(false);
    go();
    expect(await writing).toBe(true);
    expect(await stream.end()).toEqual(ok(undefined));
    expect(bytes).toBeGreaterThan(250_000);
  });

  it('never reads: after ten seconds the agent waits no longer', async () => {
    server.onCollect = (stream) => stream.pause();
    const backend = await connected(50);
    const stream = await opened(backend.segments);
    // Some of it is out of our hands, so it is not here any more; its fate tells the rest.
    expect(await stream.write(Array.from({ length: 1_000 }, entryAndExit))).toBe(true);
    expect(await stream.end()).toMatchObject({ status: 'failed', code: 'DEADLINE_EXCEEDED' });
    expect(backend.address).toBe(undefined);
  });

  it('is stopped in its tracks with its buffers full: after ten seconds the agent waits no longer', async () => {
    const children = new ChildServers();
    const clock = clockOfSpeed(1);
    const backend = backends.to(await children.stunned(), { clock });
    expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
    clock.speed = 20;
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    const large = entryAndExit();
    large.spans[0]!.tags = ['large', 'x'.repeat(1_000_000)];
    expect(await stream.write(Array.from({ length: 40 }, () => large))).toBe(false);
    expect(await stream.end()).toMatchObject({ status: 'failed', code: 'DEADLINE_EXCEEDED' });
    await backend.close();
    children.kill();
  });
});

describe('a backend that sends what it was not asked for', () => {
  it('is left alone for a minute, whatever it says behind that in the same piece', async () => {
    const server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket }) => {
        if (type !== FrameType.headers) return;
        const informational = formatHttp2(FrameType.headers, Flag.endHeaders, streamId, headerField(':status', '103'));
        const refusal = Buffer.concat([GRPC_ANSWER, headerField('grpc-status', '12')]);
        const answer = formatHttp2(FrameType.headers, Flag.endHeaders | Flag.endStream, streamId, refusal);
        socket.write(Buffer.concat([informational, answer]));
      },
    });
    const backends = new Backends();
    const { api } = backends.to(server.port);
    expect(await api.connect(never)).toMatchObject({ status: 'ok' });
    expect(await api.v2.registerService('orders', never)).toMatchObject({ status: 'retryable' });
    expect(await api.connect(never)).toMatchObject({ reason: expect.stringContaining('left alone for a minute') });
    await backends.close();
    await server.close();
  });
});

it('is closed also where the application has put a setImmediate of its own in place', async () => {
  const server = new RawHttp2Server();
  const backends = new Backends();
  const { api } = backends.to(await server.start());
  expect(await api.connect(never)).toMatchObject({ status: 'ok' });
  const instead = jest.spyOn(globalThis, 'setImmediate').mockReturnValue({} as NodeJS.Immediate);
  await backends.close();
  instead.mockRestore();
  await until(() => server.sessions.size === 0);
  server.stop();
});

describe('a backend that takes no connection in place of the first', () => {
  it('is asked for one again and again, and nothing of that is left on the first', async () => {
    const answer = (id: number): Buffer =>
      Buffer.concat([
        formatHttp2(FrameType.headers, Flag.endHeaders, id, GRPC_ANSWER),
        formatHttp2(FrameType.data, 0, id, KNOWS_US),
        formatHttp2(FrameType.headers, Flag.endHeaders | Flag.endStream, id, headerField('grpc-status', '0')),
      ]);
    let refused = 0;
    const server = await startRawHttp2({
      onFrame: ({ type, streamId }, { socket, number }) => {
        refused = Math.max(refused, number - 2);
        if (number > 2) socket.destroy();
        else if (type === FrameType.headers) socket.write(answer(streamId));
      },
    });
    const closing = jest.spyOn(BackendConnection.prototype, 'closing', 'get');
    const backends = new Backends();
    try {
      const backend = backends.to(server.port, { maxConnectionAgeMs: 5 });
      expect(await backend.api.connect(never)).toMatchObject({ status: 'ok' });
      const first = closing.mock.results[0]!.value as AbortSignal;
      const before = getEventListeners(first, 'abort').length;
      await until(() => refused > 12);
      expect(backend.address).toBeDefined();
      expect(getEventListeners(first, 'abort').length).toBeLessThanOrEqual(before + 1);
    } finally {
      closing.mockRestore();
      await backends.close();
      await server.close();
    }
  });
});
