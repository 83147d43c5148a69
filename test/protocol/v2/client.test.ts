import { failed, ok, retryable, type Outcome } from '../../../src/base/outcome';
import { V2Client } from '../../../src/protocol/v2/client';
import { oracleDecode, oracleEncode } from '../../support/wire/oracle';

const { signal } = new AbortController();

describe('registration in v2', () => {
  let answer: Outcome<Buffer>;
  let left: string[];
  let asked: { path: string; request: Buffer }[];
  let client: V2Client;

  beforeEach(() => {
    asked = [];
    left = [];
    client = new V2Client(
      (path, request) => {
        asked.push({ path, request });
        return Promise.resolve(answer);
      },
      (reason) => left.push(reason),
    );
  });

  const answered = (type: string, message: Record<string, unknown>): void => {
    answer = ok(oracleEncode(type, message));
  };
  const instance = { serviceId: 3, instanceName: 'orders-1', time: 1, properties: [] };

  it('takes the id that belongs to its own name', async () => {
    answered('ServiceRegisterMapping', {
      services: [
        { key: 'another service', value: 4 },
        { key: 'orders', value: 3 },
      ],
    });
    expect(await client.registerService('orders', signal)).toEqual(ok(3));
    expect(asked[0]!.path).toBe('/Register/doServiceRegister');
    answered('ServiceInstanceRegisterMapping', { serviceInstances: [{ key: 'orders-1', value: 7 }] });
    expect(await client.registerInstance(instance, signal)).toEqual(ok(7));
    expect(asked[1]!.path).toBe('/Register/doServiceInstanceRegister');
  });

  it('reads an answer without its name, or with no id, as: not yet', async () => {
    answered('ServiceRegisterMapping', { services: [] });
    expect(await client.registerService('orders', signal)).toEqual(ok(undefined));
    answered('ServiceRegisterMapping', { services: [{ key: 'other', value: 9 }] });
    expect(await client.registerService('orders', signal)).toEqual(ok(undefined));
    for (const value of [0, -1]) {
      answered('ServiceInstanceRegisterMapping', { serviceInstances: [{ key: 'orders-1', value }] });
      expect(await client.registerInstance(instance, signal)).toEqual(ok(undefined));
    }
  });

  it('hears a reset in the answer to a heartbeat, and nothing else', async () => {
    const heartbeat = { instanceId: 7, instanceName: 'orders-1', time: 1 };
    answered('Commands', {});
    expect(await client.heartbeat(heartbeat, signal)).toEqual(ok({ reset: false }));
    answered('Commands', { commands: [{ command: 'SomethingElse' }] });
    expect(await client.heartbeat(heartbeat, signal)).toEqual(ok({ reset: false }));
    answered('Commands', { commands: [{ command: 'SomethingElse' }, { command: 'ServiceMetadataReset' }] });
    expect(await client.heartbeat(heartbeat, signal)).toEqual(ok({ reset: true }));
    expect(asked[0]!.path).toBe('/ServiceInstancePing/doPing');
  });

  it('returns the ids of those names that were asked for, and only those', async () => {
    const addressIds = [
      { key: 'a:1', value: 2 },
      { key: 'b:1', value: 0 },
      { key: 'c:1', value: 4 },
    ];
    answered('NetAddressMapping', { addressIds });
    const addresses = await client.registerNetworkAddresses(['a:1', 'b:1', 'd:1'], signal);
    expect(addresses).toEqual(ok(new Map([['a:1', 2]])));
    expect(asked[0]!.path).toBe('/Register/doNetworkAddressRegister');
    const elements = [
      { serviceId: 3, endpointName: '/a', endpointId: 5, from: 1 },
      { serviceId: 4, endpointName: '/b', endpointId: 6, from: 1 },
      { serviceId: 3, endpointName: '/c', endpointId: 7, from: 1 },
    ];
    answered('EndpointMapping', { elements });
    expect(await client.registerEndpoints(3, ['/a', '/b'], signal)).toEqual(ok(new Map([['/a', 5]])));
    expect(asked[1]!.path).toBe('/Register/doEndpointRegister');
  });

  it('asks for endpoints as seen from the server, the only way that every backend takes', async () => {
    answered('EndpointMapping', {});
    await client.registerEndpoints(3, ['/a'], signal);
    expect(oracleDecode('Endpoints', asked[0]!.request).endpoints).toMatchObject([
      { serviceId: 3, endpointName: '/a', from: 1 },
    ]);
  });

  it('finds the id of a name that no UTF-8 can hold, under the name that arrived', async () => {
    answered('NetAddressMapping', { addressIds: [{ key: 'a\ufffd:1', value: 2 }] });
    const found = await client.registerNetworkAddresses(['a\ud800:1', 'a\udc00:1'], signal);
    expect(found).toEqual(
      ok(
        new Map([
          ['a\ud800:1', 2],
          ['a\udc00:1', 2],
        ]),
      ),
    );
  });

  it('takes garbage for a refusal by something that does not speak v2', async () => {
    for (const garbage of ['ff', '0aff', '0a02ff', '00', '0a0508ffffffff']) {
      answer = ok(Buffer.from(garbage, 'hex'));
      expect(await client.registerService('orders', signal)).toMatchObject({ status: 'failed', code: 'INTERNAL' });
      expect(await client.registerEndpoints(3, ['/a'], signal)).toMatchObject({ status: 'failed' });
    }
  });

  it.each([
    ['more commands than it obeys', 'Commands', { commands: Array.from({ length: 65 }, () => ({})) }],
    [
      'more arguments than a command has',
      'Commands',
      { commands: [{ args: Array.from({ length: 257 }, () => ({})) }] },
    ],
    ['a text without end', 'Commands', { commands: [{ command: 'x'.repeat(20_000) }] }],
  ])('leaves the backend when a heartbeat is answered with %s', async (_what, type, message) => {
    answered(type, message);
    const outcome = await client.heartbeat({ instanceId: 7, instanceName: 'x', time: 1 }, signal);
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining('the answer is too large') });
    expect(left).toEqual([(outcome as { reason: string }).reason]);
  });

  it('leaves the backend when it answers with more ids than were asked for by far', async () => {
    answered('NetAddressMapping', { addressIds: Array.from({ length: 1_001 }, () => ({ key: 'a:1', value: 2 })) });
    expect(await client.registerNetworkAddresses(['a:1'], signal)).toMatchObject({ status: 'retryable' });
    answered('EndpointMapping', { elements: Array.from({ length: 1_001 }, () => ({ endpointId: 5 })) });
    expect(await client.registerEndpoints(3, ['/a'], signal)).toMatchObject({ status: 'retryable' });
    expect(left).toHaveLength(2);
  });

  it.each([
    ['0', '00'],
    ['-1', 'ffffffffffffffffff01'],
    ['-2^31', '80808080f8ffffffff01'],
    ['2^31', '8080808008'],
    ['2^32 + 5', '8580808010'],
    ['2^53', '8080808080808010'],
    ['2^63 - 1', 'ffffffffffffffff7f'],
  ])('takes an id of %s for none', async (_id, varint) => {
    const value = Buffer.from(varint, 'hex');
    const pair = Buffer.concat([Buffer.from('0a066f726465727310', 'hex'), value]);
    answer = ok(Buffer.concat([Buffer.from([0x0a, pair.length]), pair]));
    expect(await client.registerService('orders', signal)).toEqual(ok(undefined));
    const element = Buffer.concat([Buffer.from('080312022f6118', 'hex'), value]);
    answer = ok(Buffer.concat([Buffer.from([0x0a, element.length]), element]));
    expect(await client.registerEndpoints(3, ['/a'], signal)).toEqual(ok(new Map()));
  });

  it('takes the largest id that there is', async () => {
    answered('ServiceRegisterMapping', { services: [{ key: 'orders', value: 2 ** 31 - 1 }] });
    expect(await client.registerService('orders', signal)).toEqual(ok(2 ** 31 - 1));
  });

  it('hands on what became of a question that was not answered', async () => {
    answer = failed('UNKNOWN', 'the service id is stale');
    expect(await client.registerInstance(instance, signal)).toBe(answer);
    answer = retryable('not connected');
    expect(await client.heartbeat({ instanceId: 7, instanceName: 'x', time: 1 }, signal)).toBe(answer);
  });
});
