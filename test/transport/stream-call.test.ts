import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { ok } from '../../src/base/outcome';
import { SegmentTally } from '../../src/export/segment-counters';
import { SegmentQueue } from '../../src/export/segment-queue';
import type { Segment } from '../../src/model/segment';
import type { Backend } from '../../src/protocol/backend';
import { encodingByName } from '../../src/protocol/segments/spool-codec';
import type { TraceSegmentClient } from '../../src/protocol/segments/trace-segment-client';
import { until } from '../support/until';
import { BackendServer } from '../support/wire/backend-server';
import { Backends, never } from '../support/wire/backends';
import { HostProcess } from '../support/wire/host-process';
import { someNames } from '../support/wire/names';
import { opened } from '../support/wire/opened';
import { entryAndExit } from '../support/wire/segments';

const knowsUs = { services: [{ key: 'orders', value: 3 }] };

/** That number of segments of about ten kilobytes. */
function large(count: number): Segment[] {
  return Array.from({ length: count }, (_, at) => {
    const segment = entryAndExit();
    segment.spans[0]!.operationName = `/stock/${at}/${'x'.repeat(10_000)}`;
    return segment;
  });
}

/** Those that wait, encoded with these names. */
function waiting(client: TraceSegmentClient, segments: readonly Segment[], names = someNames()): SegmentQueue {
  const queue = new SegmentQueue({
    log: new Log(systemClock),
    tally: new SegmentTally(),
    capacity: 1_000,
    byName: () => encodingByName,
  });
  queue.use(client.targetFor(names));
  for (const segment of segments) queue.append(segment);
  return queue;
}

/** Writes what it can of what waits. @returns the number of segments */
function writeNow(client: TraceSegmentClient, queue: SegmentQueue, names = someNames()): number {
  const before = queue.waiting;
  client.writeNow(names, (maxBytes) => queue.takeUpTo(maxBytes).bytes);
  return before - queue.waiting;
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
    await backend.api.connect(never);
    const stream = await opened(backend.segments);
    await stream.write([entryAndExit()]);
    expect(await stream.end()).toEqual(ok(undefined));
    server.streams.length = 0;
    return backend;
  }

  it('arrives, with the ids of now', async () => {
    const backend = await proven();
    expect(writeNow(backend.segments, waiting(backend.segments, [entryAndExit(), entryAndExit()]))).toBe(2);
    await until(
      () => server.segments(),
      ({ length }) => length === 2,
    );
    expect(server.segments()).toMatchObject([{ serviceId: 3, serviceInstanceId: 7 }, { serviceId: 3 }]);
  });

  it('is no more than the backend takes at once: the first of them', async () => {
    const backend = await proven();
    const queue = waiting(backend.segments, large(20));
    expect(writeNow(backend.segments, queue)).toBe(6);
    // What found no place is still here.
    expect(queue.waiting).toBe(20 - 6);
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
    const queue = waiting(segments, large(4));
    const target = segments.targetFor(someNames());
    queue.peek(target, Infinity);
    for (const segment of large(4)) queue.append(segment);
    queue.acknowledge(0);
    expect(writeNow(segments, queue)).toBe(6);
    expect(queue.peek(target, Infinity)?.count).toBe(2);
    await until(
      () => server.segments(),
      ({ length }) => length === 6,
    );
  });

  it('is what was encoded with ids that have been given up, encoded anew', async () => {
    const { segments } = await proven();
    const queue = waiting(segments, [entryAndExit()]);
    const names = someNames({ epoch: 2, instanceId: 8 });
    await (await opened(segments, never, names)).end();
    queue.use(segments.targetFor(names));
    expect(writeNow(segments, queue, names)).toBe(1);
    await until(
      () => server.segments(),
      ({ length }) => length === 1,
    );
    expect(server.segments()).toMatchObject([{ serviceInstanceId: 8 }]);
  });

  it('is nothing before the backend has confirmed that our ids are ours, over this connection and in this epoch', async () => {
    const write = ({ segments }: Backend, names = someNames()): number =>
      writeNow(segments, waiting(segments, [entryAndExit()], names), names);
    const unproven = backends.to(port);
    expect(write(unproven)).toBe(0);
    await unproven.api.connect(never);
    expect(write(unproven)).toBe(0);
    const backend = await proven();
    expect(write(backend, someNames({ epoch: 2 }))).toBe(0);
    server.kill();
    await until(() => backend.address === undefined);
    expect(write(backend)).toBe(0);
    expect(server.segments()).toEqual([]);
  });

  it('arrives before any stream was opened, where the registration has confirmed our ids over this connection', async () => {
    const backend = backends.to(port);
    const connection = await backend.api.connect(never);
    if (connection.status !== 'ok') throw new Error(connection.reason);
    const { number } = connection.value;
    backends.confirmedOn = number - 1;
    expect(writeNow(backend.segments, waiting(backend.segments, [entryAndExit()]))).toBe(0);
    backends.confirmedOn = number;
    expect(writeNow(backend.segments, waiting(backend.segments, [entryAndExit()]))).toBe(1);
    await until(
      () => server.segments(),
      ({ length }) => length === 1,
    );
  });

  it('is with the operating system when the process exits, as is what was written before', async () => {
    const host = new HostProcess();
    try {
      const end = await host.run(`
        const { api, segments } = host.backend(${port});
        await api.connect(host.never);
        const { value: stream } = await segments.open(host.names, host.never);
        await new Promise((resolve) => setTimeout(resolve, 50));
        process.on('exit', () => {
          stream.write(host.encoded([100]));
          segments.writeNow(host.names, () => host.encoded([200, 300]));
        });
        host.done();
        process.exit(0);
      `);
      expect(end).toMatchObject({ code: 0, stderr: '' });
      expect(end.said.outlivedMs).toBeLessThan(1_500);
    } finally {
      host.remove();
    }
    await until(
      () => server.segments(),
      ({ length }) => length === 3,
    );
  });
});
