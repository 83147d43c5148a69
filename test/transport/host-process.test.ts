import { readFileSync } from 'node:fs';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { BackendServer } from '../support/wire/backend-server';
import { ChildServers } from '../support/wire/child-server';
import { KNOWS_US, RawHttp2Server, respond } from '../support/wire/http2-server';
import { HostProcess, type HostEnd } from '../support/wire/host-process';

/** A process that is held up is so for seconds; a busy machine delays an exit by less. */
const AT_ONCE_MS = 1_500;

function expectExitAtOnce(end: HostEnd): void {
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(end.said.outlivedMs).toBeLessThan(AT_ONCE_MS);
}

describe('a process with a connection to a backend', () => {
  let host: HostProcess;
  let server: BackendServer;
  let port: number;

  beforeAll(() => {
    host = new HostProcess();
  });

  afterAll(() => host.remove());

  beforeEach(async () => {
    server = new BackendServer(() => ({ services: [{ key: 'orders', value: 3 }] }));
    port = await server.start();
  });

  afterEach(() => server.kill());

  it('has loaded nothing for it before it connects', async () => {
    const end = await host.run(`
      const backend = host.backend(${port});
      const loaded = () => [
        ...Object.keys(require.cache).filter((file) => /node_modules.(?!.cache)/.test(file)),
        ...process.moduleLoadList.filter((name) => /NativeModule (http2|tls|net|dns)$/.test(name)),
      ];
      const before = loaded();
      const connected = await backend.api.connect(host.never);
      host.say({ before, connected: connected.status, after: loaded().length });
      host.done();
    `);
    expect(end.said).toMatchObject({ before: [], connected: 'ok' });
    expect(end.said.after).toBeGreaterThan(10);
    expectExitAtOnce(end);
  });

  it('does everything also where code may not be made from strings', async () => {
    const end = await host.run(
      `
        const { api, segments } = host.backend(${port});
        await api.connect(host.never);
        const service = await api.v2.registerService('orders', host.never);
        const { value: stream } = await segments.open(host.names, host.never);
        await stream.write(host.encoded([100]));
        host.say({ service, fate: await stream.end() });
        host.done();
      `,
      ['--disallow-code-generation-from-strings'],
    );
    expect(end.said).toMatchObject({ service: { status: 'ok', value: 3 }, fate: { status: 'ok' } });
    expectExitAtOnce(end);
    expect(server.segments()).toHaveLength(1);
  });

  it('ends at once while the connection is idle', async () => {
    expectExitAtOnce(
      await host.run(`
        await host.backend(${port}).api.connect(host.never);
        host.done();
      `),
    );
  });

  it('ends at once while a call is in flight to a backend that hangs', async () => {
    server.reply = () => 'hang';
    const end = await host.run(`
      const { api } = host.backend(${port});
      await api.connect(host.never);
      api.v2.registerService('orders', host.never).then(() => host.say({ answered: true }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      host.done();
    `);
    expectExitAtOnce(end);
    expect(end.said).not.toHaveProperty('answered');
    expect(server.asked).toHaveLength(1);
  });

  it('ends at once while a backend does not say what became of the segments', async () => {
    server.streamReply = () => 'hang';
    const end = await host.run(`
      const { api, segments } = host.backend(${port});
      await api.connect(host.never);
      const { value: stream } = await segments.open(host.names, host.never);
      await stream.write(host.encoded([100]));
      stream.end().then(() => host.say({ answered: true }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      host.done();
    `);
    expectExitAtOnce(end);
    expect(end.said).not.toHaveProperty('answered');
    expect(server.streams[0]).toHaveLength(1);
  });

  it('is told nothing on stderr by a connection over TLS to an IP', async () => {
    const folder = path.join(__dirname, '..', '..', 'fixtures', 'wire', 'tls');
    const pem = (name: string): Buffer => readFileSync(path.join(folder, `${name}.pem`));
    const keyPair = { private_key: pem('server-key'), cert_chain: pem('server') };
    const secure = new BackendServer(undefined, undefined, ServerCredentials.createSsl(pem('ca'), [keyPair]));
    const end = await host.run(`
      const ca = require('node:fs').readFileSync(${JSON.stringify(path.join(folder, 'ca.pem'))});
      const { api } = host.backend(${await secure.start()}, { tls: { ca } });
      await api.connect(host.never);
      host.say({ answer: await api.v2.registerService('orders', host.never) });
      host.done();
    `);
    secure.kill();
    expect(end.said).toMatchObject({ answer: { status: 'ok' } });
    expectExitAtOnce(end);
  });

  it('is never hurt by a backend gone mad', async () => {
    const mad = new RawHttp2Server();
    const ways: ((stream: ServerHttp2Stream) => unknown)[] = [
      (stream) => stream.session?.destroy(),
      (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 1),
      (stream) => stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1),
      () => mad.sockets.at(-1)?.write('this is no frame'),
      () => mad.sockets.at(-2)?.write('this is no frame'),
      () => mad.sockets.at(-2)?.resetAndDestroy(),
      () => mad.sockets.at(-1)?.resetAndDestroy(),
      (stream) => respond(stream, Buffer.from('0000000003ffffff', 'hex')),
      (stream) => stream.respond({ ':status': 500 }, { endStream: true }),
    ];
    let times = 0;
    const goMad = (stream: ServerHttp2Stream): void => void ways[times++ % ways.length]?.(stream);
    mad.onCollect = goMad;
    mad.onCheck = (stream) => (times % 3 === 0 ? respond(stream, KNOWS_US) : goMad(stream));
    const end = await host.run(`
      const backend = host.backend(${await mad.start()}, { clock: host.leapingClock });
      const asked = [];
      for (let i = 0; i < 60; i++) {
        const timeout = AbortSignal.timeout(200);
        asked.push((await backend.api.connect(timeout)).status);
        const call = backend.api.v2.registerService('orders', timeout);
        const opened = await backend.segments.open(host.names, timeout);
        if (opened.status === 'ok') {
          await opened.value.write(host.encoded([100_000]));
          asked.push((await opened.value.end()).status);
        }
        asked.push((await call).status);
      }
      host.say({ asked: asked.length });
      host.done();
    `);
    mad.stop();
    expect(times).toBeGreaterThan(30);
    expect(end.said.asked).toBeGreaterThanOrEqual(120);
    expectExitAtOnce(end);
  });

  it('ends at once when the backend comes back from the dead, or not', async () => {
    const end = await host.run(`
      const backend = host.backend(${port});
      await backend.api.connect(host.never);
      backend.onDisconnect((reason) => {
        host.say({ reason });
        backend.api.connect(host.never).then(host.done);
      });
      console.log('ready');
      require('node:http').get('http://127.0.0.1:${await killSwitch(() => server.kill())}/').on('error', () => undefined);
    `);
    expect(end.said).toHaveProperty('reason');
    expectExitAtOnce(end);
  });
});

describe('a process whose backend is out of reach', () => {
  let host: HostProcess;
  let server: Server;
  let port: number;
  const sockets: Socket[] = [];
  const children = new ChildServers();

  beforeAll(() => {
    host = new HostProcess();
  });

  afterAll(() => host.remove());

  beforeEach(async () => {
    server = createServer((socket) => void sockets.push(socket.resume().on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterEach(() => {
    children.kill();
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  const connecting = (
    options = '{}',
    to = port,
    ready = 'new Promise((resolve) => setTimeout(resolve, 100))',
  ): string => `
    console.log('at work');
    const outcome = host.backend(${to}, ${options}).api.connect(host.never);
    outcome.then((outcome) => host.say({ outcome }));
    await ${ready};
    host.done();
  `;

  it('ends at once though the backend accepts and then says nothing', async () => {
    expectExitAtOnce(await host.run(connecting()));
  });

  it('ends at once though the backend does not shake hands for TLS', async () => {
    expectExitAtOnce(await host.run(connecting('{ tls: {} }')));
  });

  it('ends at once though the second connection is the mute one', async () => {
    const settings = Buffer.from('000000040000000000', 'hex');
    server.once('connection', (socket) => socket.write(settings));
    // Its own work lasts until both connections stand, however slow the machine is.
    const bothStand = `
      let standing = 0;
      const both = new Promise((resolve) =>
        require('node:diagnostics_channel').subscribe('net.client.socket', ({ socket }) =>
          socket.once('connect', () => ++standing === 2 && resolve()),
        ),
      );
      const patience = setTimeout(() => undefined, 10_000);
      void both.then(() => clearTimeout(patience));
    `;
    expectExitAtOnce(await host.run(bothStand + connecting('{}', port, 'both')));
    expect(sockets.length).toBe(2);
  });

  it('ends at once though the way to the backend swallows everything', async () => {
    const hole = await blackHole();
    const end = await host.run(connecting('{}', hole));
    expectExitAtOnce(end);
    expect(end.stdout).not.toContain('ECONNREFUSED');
  });

  it('still connects when it has other work, however long that takes', async () => {
    const hole = await blackHole();
    const end = await host.run(`
      const outcome = await host.backend(${hole}, { clock: host.fastClock }).api.connect(host.never);
      host.say({ outcome });
      host.done();
    `);
    expect(end.said.outcome).toMatchObject({ reason: expect.stringContaining('within 5000 ms') });
    expectExitAtOnce(end);
  });

  it('ends at once though the kernel takes no more bytes for it', async () => {
    const end = await host.run(`
      const { api, segments } = host.backend(${await children.stunned()});
      await api.connect(host.never);
      const { value: stream } = await segments.open(host.names, host.never);
      stream.write(host.encoded([100]));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const write = async () => {
        for (let i = 0; i < 40; i++) await stream.write(host.encoded([1_000_000]));
      };
      write().then(() => host.say({ written: true }));
      const isHeld = () => process.getActiveResourcesInfo().some((kind) => kind.endsWith('WriteWrap'));
      while (!isHeld()) await new Promise((resolve) => setTimeout(resolve, 20));
      host.done();
    `);
    expectExitAtOnce(end);
  });

  /** Its lines of the log are more than the kernel takes. */
  const logging = (stunned: number): string => `
    const { api, telemetry, onDisconnect } = host.backend(${stunned}, { protocol: 'v3', names: () => host.v3Names });
    await api.connect(host.never);
    onDisconnect((reason) => host.say({ reason }));
    const lines = new Array(1_000).fill({ time: 1, level: 'info', text: 'x'.repeat(4_000) });
    const log = () =>
      telemetry.logs.send(lines, new AbortController().signal).then((outcome) => host.say({ outcome }));
    const held = () => process.getActiveResourcesInfo().filter((kind) => kind.endsWith('WriteWrap')).length;
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    // Until the server is stopped, it may still take some.
    for (let times = 0; times < 10; times = held() === 1 ? times + 1 : 0) {
      log();
      await pause();
    }
  `;

  it('ends soon though the kernel takes no more of what nobody waits to have written', async () => {
    const end = await host.run(`${logging(await children.stunned())} host.done();`);
    expect(end).toMatchObject({ code: 0, stderr: '', said: { reason: 'nothing else kept the process up' } });
    expect(end.said.outcome).toMatchObject({ status: 'retryable' });
  });

  it('ends soon though the kernel takes no more on either connection', async () => {
    const end = await host.run(`
      ${logging(await children.stunned())}
      api.v2.registerService('x'.repeat(40_000_000), host.never);
      while (held() !== 2) await pause();
      host.done();
    `);
    expect(end).toMatchObject({ code: 0, stderr: '', said: { reason: 'nothing else kept the process up' } });
  });

  /** A port where connecting neither succeeds nor fails: the queue of its listener is full and is not emptied. */
  async function blackHole(): Promise<number> {
    const hole = await children.deaf();
    let isFull = false;
    while (!isFull) {
      const filler = connect(hole, '127.0.0.1').on('error', () => undefined);
      sockets.push(filler);
      isFull = !(await within(300, new Promise((resolve) => filler.once('connect', resolve))));
      expect(sockets.length).toBeLessThan(50);
    }
    return hole;
  }
});

function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, ms, false))]);
}

/** A port that does something when it is connected to. */
async function killSwitch(act: () => void): Promise<number> {
  const server = createServer((socket) => {
    socket.destroy();
    server.close();
    act();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a process that is held up for what was just traced', () => {
  let host: HostProcess;

  beforeAll(() => {
    host = new HostProcess();
  });

  afterAll(() => host.remove());

  /** Timers of the same length are run in one go where the first of them takes long enough for the last to be due. */
  const TIMERS = `
    const { KeepAlive } = require('./base/clock.js');
    const keepAlive = new KeepAlive();
    const busy = () => { const since = performance.now(); while (performance.now() - since < 20); };
    let traced = 0;
  `;

  it('comes to its end although it traces at the very moment at which it is held up no more', async () => {
    const end = await host.run(`
      ${TIMERS}
      setInterval(busy, 100).unref();
      keepAlive.hold(100);
      setInterval(() => {
        if (++traced === 20) host.say({ isHeldUp: true }), process.exit();
        keepAlive.hold(100);
      }, 100).unref();
      host.done();
    `);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.said).not.toHaveProperty('isHeldUp');
  });

  it('is held up once more for what it traces at that moment, as a job that sleeps as long as it is held up', async () => {
    const end = await host.run(`
      ${TIMERS}
      setTimeout(busy, 100);
      keepAlive.hold(100);
      setTimeout(() => {
        keepAlive.hold(1_000);
        setTimeout(() => {
          host.say({ isHeldUp: true });
          host.done();
          keepAlive.release();
        }, 20).unref();
      }, 100);
    `);
    expect(end).toMatchObject({ code: 0, stderr: '', said: { isHeldUp: true } });
  });

  it('is held up for what it has traced at that moment where it goes on by itself', async () => {
    const end = await host.run(`
      ${TIMERS}
      setTimeout(busy, 100);
      keepAlive.hold(100);
      setTimeout(() => {
        keepAlive.hold(300);
        setTimeout(() => {
          host.say({ isHeldUp: keepAlive.isHeld });
          host.done();
        }, 20);
      }, 100);
    `);
    expect(end).toMatchObject({ code: 0, stderr: '', said: { isHeldUp: true } });
  });
});
