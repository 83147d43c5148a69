import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { until } from '../support/until';
import { TestAgent, type Reply } from './client';

let collector: Collector;
let agent: TestAgent;
const errors: string[] = [];
const silent = (): void => undefined;
const logger = { error: (line: string) => errors.push(line), warn: silent, info: silent, debug: silent };

async function begin(options: CollectorOptions = {}): Promise<void> {
  errors.length = 0;
  collector = await startCollector({ idDelayMs: 0, logger, ...options });
  agent = new TestAgent(collector.address, { metadata: { 'agent-version': '9.9.9', authentication: 'let-me-in' } });
}

afterEach(async () => {
  agent.close();
  await collector.stop();
});

const serialNumber = (reply: Reply): unknown => {
  expect(reply.value).toMatchObject({
    commands: [{ command: 'ServiceMetadataReset', args: [{ key: 'SerialNumber' }] }],
  });
  return (reply.value['commands']![0]!['args'] as { value: string }[])[0]!.value;
};

/** The connection broke a moment ago, and a client may not have heard of it yet. */
const answered = (ask: () => Promise<Reply>): Promise<Reply> => until(ask, ({ status }) => status === 'OK');

async function registerOne(uuid: string): Promise<number> {
  return agent.instanceId(await agent.serviceId('orders'), uuid);
}

it('answers the heartbeat of a known instance with no command, and notes it', async () => {
  await begin();
  const instanceId = await registerOne('one');
  expect(await agent.ping(instanceId, 'one', 1_790_000_000_123)).toMatchObject({ status: 'OK', value: {} });
  expect(collector.heartbeats()).toEqual([
    {
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      node: 0,
      instanceId,
      service: 'orders',
      uuid: 'one',
      time: 1_790_000_000_123,
      reset: false,
    },
  ]);
  expect(collector.instances()[0]!.heartbeatAt).toBe(collector.heartbeats()[0]!.at);
});

it('tells an instance that it does not know to reset, each time under another serial number', async () => {
  await begin();
  const numbers = [];
  for (const id of [0, 99, -1, 99]) numbers.push(serialNumber(await agent.ping(id, 'one')));
  expect(new Set(numbers).size).toBe(4);
  for (const number of numbers) expect(number).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  expect(collector.heartbeats().map(({ reset }) => reset)).toEqual([true, true, true, true]);
});

it('takes instance 1 for alive, whoever says so', async () => {
  await begin();
  expect((await agent.ping(1, 'anybody')).value).toEqual({});
});

it('looks at the integer alone, so that after a wipe an id given to another instance gets no reset', async () => {
  await begin();
  const before = await registerOne('one');
  await collector.wipe();
  serialNumber(await answered(() => agent.ping(before, 'one')));
  expect(await registerOne('another-instance')).toBe(before);
  expect((await agent.ping(before, 'one')).value).toEqual({});
  expect(errors).toEqual([]);
});

it('checks id and name where it is told to: a mismatch is an error log that names the instance, and a reset', async () => {
  await begin({ checkHeartbeatName: true });
  const before = await registerOne('one');
  expect((await agent.ping(before, 'one')).value).toEqual({});
  expect(errors).toEqual([]);

  await collector.wipe();
  await registerOne('another-instance');
  serialNumber(await agent.ping(before, 'one'));
  serialNumber(await agent.ping(before, 'one'));
  expect(errors).toHaveLength(2);
  expect(errors[0]).toContain(`instance "one" came with id ${before}, which is "another-instance" of service 2`);
  expect(collector.heartbeats().map(({ reset }) => reset)).toEqual([true, true]);
  expect((await agent.ping(before, 'another-instance')).value).toEqual({});
});

it('notes every call with its message, its metadata and how it ended', async () => {
  await begin();
  await agent.ping(7, 'one');
  await agent.registerInstances([99, 'one']);
  await agent.stream([]);
  const metadata = { node: 0, generation: 1, agentVersion: '9.9.9', authentication: 'let-me-in' };
  expect(collector.calls()).toMatchObject([
    { ...metadata, method: 'doPing', request: { serviceInstanceId: 7, serviceInstanceUUID: 'one' }, status: 'OK' },
    {
      ...metadata,
      method: 'doServiceInstanceRegister',
      request: { instances: [{ serviceId: 99, instanceUUID: 'one', properties: [] }] },
      status: 'UNKNOWN',
    },
    { ...metadata, method: 'collect', request: { segments: 0 }, status: 'OK' },
  ]);
  expect(collector.calls('doPing')).toHaveLength(1);
});

it('notes that there was no metadata, and tells the calls before a wipe apart from those after it', async () => {
  await begin();
  const plain = new TestAgent(collector.address);
  await plain.ping(2, 'one');
  await collector.wipe();
  await answered(() => plain.ping(2, 'one'));
  plain.close();
  expect(collector.calls()).toMatchObject([
    { generation: 1, agentVersion: null, authentication: null },
    { generation: 2, agentVersion: null, authentication: null },
  ]);
});
