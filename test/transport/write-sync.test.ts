import { ok } from '../../src/base/outcome';
import type { Segment } from '../../src/model/segment';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, never } from '../support/wire/backends';
import { HostProcess } from '../support/wire/host-process';
import { someNames } from '../support/wire/names';
import { batchesOf, opened } from '../support/wire/opened';
import { entryAndExit } from '../support/wire/segments';

const knowsUs = { services: [{ key: 'orders', value: 3 }] };

/** So many segments of about ten kilobytes. */
function large(count: number): Segment[] {
  return Array.from({ length: count }, (_, at) => {
    const segment = entryAndExit();
    segment.spans[0]!.operationName = `/stock/${at}/${'x'.repeat(10_000)}`;
    return segment;
  });
}

/** Encodes them, and writes what it can of them. */
function writeNow({ segments }: ReturnType<Backends['to']>, list: readonly Segment[]): number {
  return segments.writeNow(batchesOf(segments, list));
}

describe('what is written without waiting', () => {
  let server: BackendServer;
  let backends: Backends;
  let port: number;

  beforeEach(async () => {
    server = new BackendServer(() => knowsUs);
    backends = new Backends();
    port = await server.start();
  });

  afterEach(async () => {
    await backends.close();
    server.kill();
  });

  /** After a first batch has arrived. */
  async function proven(): Promise<ReturnType<Backends['to']>> {
    const backend = backends.to(port);
    await backend.registry.connect(never);
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    expect(await stream.end()).toEqual(ok(undefined));
    server.streams.length = 0;
    return backend;
  }

  it('arrives, with the ids of now', async () => {
    const backend = await proven();
    expect(writeNow(backend, [entryAndExit(), entryAndExit()])).toBe(2);
    await until(
      () => server.segments(),
      ({ length }) => length === 2,
    );
    expect(server.segments()).toMatchObject([{ serviceId: 3, serviceInstanceId: 7 }, { serviceId: 3 }]);
  });

  it('is no more than the backend takes at once: the first of them', async () => {
    const backend = await proven();
    const batches = batchesOf(backend.segments, large(20));
    expect(backend.segments.writeNow(batches)).toBe(6);
    // What found no place is still here.
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(20 - 6);
    await until(
      () => server.segments(),
      ({ length }) => length === 6,
    );
    const names = server.segments().map(({ spans }) => (spans as { operationName: string }[])[0]!.operationName);
    expect(names.map((name) => name.slice(0, 9))).toEqual([
      '/stock/0/',
      '/stock/1/',
      '/stock/2/',
      '/stock/3/',
      '/stock/4/',
      '/stock/5/',
    ]);
  });

  it('is that all together, of however many batches', async () => {
    const { segments } = await proven();
    const batches = [...batchesOf(segments, large(4)), ...batchesOf(segments, large(4))];
    expect(segments.writeNow(batches)).toBe(6);
    expect(batches.map(({ count }) => count)).toEqual([0, 2]);
    await until(
      () => server.segments(),
      ({ length }) => length === 6,
    );
  });

  it('is nothing that was encoded with ids which have been given up', async () => {
    const { segments } = await proven();
    const batches = batchesOf(segments, [entryAndExit()]);
    backends.names = someNames({ epoch: 2 });
    await (await opened(segments)).end();
    expect(segments.writeNow(batches)).toBe(0);
    expect(segments.writeNow(batchesOf(segments, [entryAndExit()]))).toBe(1);
  });

  it('is nothing before the backend has confirmed that our ids are ours, over this connection and in this epoch', async () => {
    const unproven = backends.to(port);
    expect(writeNow(unproven, [entryAndExit()])).toBe(0);
    await unproven.registry.connect(never);
    expect(writeNow(unproven, [entryAndExit()])).toBe(0);
    const backend = await proven();
    backends.names = someNames({ epoch: 2 });
    expect(writeNow(backend, [entryAndExit()])).toBe(0);
    backends.names = undefined;
    expect(writeNow(backend, [entryAndExit()])).toBe(0);
    server.kill();
    await until(() => backend.address === undefined);
    expect(writeNow(backend, [entryAndExit()])).toBe(0);
    expect(server.segments()).toEqual([]);
  });

  it('arrives before any stream was opened, where the registration has confirmed our ids over this connection', async () => {
    const backend = backends.to(port);
    const connection = await backend.registry.connect(never);
    if (connection.status !== 'ok') throw new Error(connection.reason);
    const { number } = connection.value;
    backends.confirmedOn = number - 1;
    expect(writeNow(backend, [entryAndExit()])).toBe(0);
    backends.confirmedOn = number;
    expect(writeNow(backend, [entryAndExit()])).toBe(1);
    await until(
      () => server.segments(),
      ({ length }) => length === 1,
    );
  });

  it('is with the operating system when the process exits, as is what was written before', async () => {
    const host = new HostProcess();
    try {
      const end = await host.run(`
        const { registry, segments } = host.backend(${port});
        await registry.connect(host.never);
        const { value: stream } = await segments.open(host.never);
        await new Promise((resolve) => setTimeout(resolve, 50));
        process.on('exit', () => {
          stream.write(host.batch(segments, [100]));
          host.say({ written: segments.writeNow([host.batch(segments, [200, 300])]) });
        });
        process.exit(0);
      `);
      expect(end).toMatchObject({ code: 0, stderr: '', said: { written: 2 } });
    } finally {
      host.remove();
    }
    await until(
      () => server.segments(),
      ({ length }) => length === 3,
    );
  });
});
