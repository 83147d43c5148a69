import { failed, ok, retryable, type Outcome } from '../../src/base/outcome';
import type { V2Api } from '../../src/registry/registry-api';
import { V2Registry } from '../../src/wire/v2/v2-registry';
import { oracleDecode, oracleEncode } from './support/oracle';

const { signal } = new AbortController();

describe('registration in v2', () => {
  let answer: Outcome<Buffer>;
  let asked: { path: string; request: Buffer }[];
  // By its type: the registry's port fits.
  let registry: V2Api;

  beforeEach(() => {
    asked = [];
    registry = new V2Registry((path, request) => {
      asked.push({ path, request });
      return Promise.resolve(answer);
    });
  });

  const answered = (type: string, message: Record<string, unknown>): void => {
    answer = ok(oracleEncode(type, message));
  };
  const instance = { serviceId: 3, instanceName: 'orders-1', time: 1, properties: [] };

  it('takes the id that belongs to its own name', async () => {
    answered('ServiceRegisterMapping', {
      services: [
        { key: 'somebody else', value: 4 },
        { key: 'orders', value: 3 },
      ],
    });
    expect(await registry.registerService('orders', signal)).toEqual(ok(3));
    expect(asked[0]!.path).toBe('/Register/doServiceRegister');
    answered('ServiceInstanceRegisterMapping', { serviceInstances: [{ key: 'orders-1', value: 7 }] });
    expect(await registry.registerInstance(instance, signal)).toEqual(ok(7));
    expect(asked[1]!.path).toBe('/Register/doServiceInstanceRegister');
  });

  it('reads an answer without its name, or with no id, as: not yet', async () => {
    answered('ServiceRegisterMapping', { services: [] });
    expect(await registry.registerService('orders', signal)).toEqual(ok(undefined));
    answered('ServiceRegisterMapping', { services: [{ key: 'other', value: 9 }] });
    expect(await registry.registerService('orders', signal)).toEqual(ok(undefined));
    for (const value of [0, -1]) {
      answered('ServiceInstanceRegisterMapping', { serviceInstances: [{ key: 'orders-1', value }] });
      expect(await registry.registerInstance(instance, signal)).toEqual(ok(undefined));
    }
  });

  it('hears a reset in the answer to a heartbeat, and nothing else', async () => {
    const heartbeat = { instanceId: 7, instanceName: 'orders-1', time: 1 };
    answered('Commands', {});
    expect(await registry.heartbeat(heartbeat, signal)).toEqual(ok({ reset: false }));
    answered('Commands', { commands: [{ command: 'SomethingElse' }] });
    expect(await registry.heartbeat(heartbeat, signal)).toEqual(ok({ reset: false }));
    answered('Commands', { commands: [{ command: 'SomethingElse' }, { command: 'ServiceMetadataReset' }] });
    expect(await registry.heartbeat(heartbeat, signal)).toEqual(ok({ reset: true }));
    expect(asked[0]!.path).toBe('/ServiceInstancePing/doPing');
  });

  it('returns the ids of those names that were asked for, and only those', async () => {
    const addressIds = [
      { key: 'a:1', value: 2 },
      { key: 'b:1', value: 0 },
      { key: 'c:1', value: 4 },
    ];
    answered('NetAddressMapping', { addressIds });
    const addresses = await registry.registerNetworkAddresses(['a:1', 'b:1', 'd:1'], signal);
    expect(addresses).toEqual(ok(new Map([['a:1', 2]])));
    expect(asked[0]!.path).toBe('/Register/doNetworkAddressRegister');
    const elements = [
      { serviceId: 3, endpointName: '/a', endpointId: 5, from: 1 },
      { serviceId: 4, endpointName: '/b', endpointId: 6, from: 1 },
      { serviceId: 3, endpointName: '/c', endpointId: 7, from: 1 },
    ];
    answered('EndpointMapping', { elements });
    expect(await registry.registerEndpoints(3, ['/a', '/b'], signal)).toEqual(ok(new Map([['/a', 5]])));
    expect(asked[1]!.path).toBe('/Register/doEndpointRegister');
  });

  it('asks for endpoints as seen from the server, the only way that every backend takes', async () => {
    answered('EndpointMapping', {});
    await registry.registerEndpoints(3, ['/a'], signal);
    expect(oracleDecode('Endpoints', asked[0]!.request).endpoints).toMatchObject([
      { serviceId: 3, endpointName: '/a', from: 1 },
    ]);
  });

  it('finds the id of a name that no UTF-8 can hold, under the name that arrived', async () => {
    answered('NetAddressMapping', { addressIds: [{ key: 'a\ufffd:1', value: 2 }] });
    const found = await registry.registerNetworkAddresses(['a\ud800:1', 'a\udc00:1'], signal);
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
      expect(await registry.registerService('orders', signal)).toMatchObject({ status: 'failed', code: 'INTERNAL' });
      expect(await registry.registerEndpoints(3, ['/a'], signal)).toMatchObject({ status: 'failed' });
    }
  });

  it('hands on what became of a question that was not answered', async () => {
    answer = failed('UNKNOWN', 'the service id is stale');
    expect(await registry.registerInstance(instance, signal)).toBe(answer);
    answer = retryable('not connected');
    expect(await registry.heartbeat({ instanceId: 7, instanceName: 'x', time: 1 }, signal)).toBe(answer);
  });
});
