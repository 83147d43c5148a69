import fc from 'fast-check';
import { MAX_TEXT_BYTES } from '../../src/transport/answer-limits';
import { decodeCommands } from '../../src/protocol/protobuf/control/reader';
import {
  decodeEndpoints,
  decodeKeyInts,
  encodeEndpoints,
  encodeNetAddresses,
  encodeHeartbeat,
  encodeServiceInstances,
  encodeServices,
} from '../../src/protocol/v2/client';
import { encodePing } from '../../src/protocol/v3/client';
import { anyText } from '../support/wire/arbitrary';
import { oracleDecode, oracleEncode } from '../support/wire/oracle';
import { oracleV3Encode } from '../support/wire/oracle-v3';
import { vector } from '../support/wire/vector';

const anyInt32 = fc.oneof(fc.integer({ min: -3, max: 300 }), fc.integer());
const texts = fc.array(anyText, { maxLength: 5 });

describe('the control messages of v2', () => {
  it('are byte for byte what protoc makes of them', () => {
    const instance = {
      serviceId: 3,
      instanceName: 'orders-1',
      time: 1_573_927_312_000,
      properties: [
        ['os_name', 'linux'],
        ['host_name', 'vm'],
        ['process_no', '4242'],
        ['language', 'nodejs'],
        ['ipv4', '10.0.0.5'],
      ] as const,
    };
    expect(encodeServiceInstances([instance]).toString('hex')).toBe(vector('wire/register-instance').toString('hex'));
    const ping = { instanceId: 7, instanceName: 'orders-1', time: 1_573_927_330_000 };
    expect(encodeHeartbeat(ping).toString('hex')).toBe(vector('wire/ping').toString('hex'));
    expect(decodeCommands(vector('wire/commands-reset'))).toMatchObject([{ name: 'ServiceMetadataReset' }]);
  });

  it('are what protobufjs makes of them, whatever the values', () => {
    fc.assert(
      fc.property(texts, anyText, anyInt32, fc.maxSafeInteger(), (names, instanceName, id, time) => {
        const properties = names.map((name) => [name, instanceName] as const);
        const pairs = properties.map(([key, value]) => ({ key, value }));
        const endpoints = names.map((endpointName) => ({ serviceId: id, endpointName, from: 1 }));
        for (const [ours, type, message] of [
          [encodeServices(names), 'Services', { services: names.map((serviceName) => ({ serviceName })) }],
          [
            encodeServiceInstances([{ serviceId: id, instanceName, time, properties }]),
            'ServiceInstances',
            { instances: [{ serviceId: id, instanceUUID: instanceName, time, properties: pairs }] },
          ],
          [
            encodeHeartbeat({ instanceId: id, instanceName, time }),
            'ServiceInstancePingPkg',
            { serviceInstanceId: id, time, serviceInstanceUUID: instanceName },
          ],
          [encodeNetAddresses(names), 'NetAddresses', { addresses: names }],
          [encodeEndpoints(id, names), 'Endpoints', { endpoints }],
        ] as const) {
          expect(ours.toString('hex')).toBe(oracleEncode(type, message).toString('hex'));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are read as protobufjs reads them', () => {
    const wellFormedText = anyText
      .map((text) => Buffer.from(text).toString())
      .filter((text) => Buffer.byteLength(text) <= MAX_TEXT_BYTES);
    fc.assert(
      fc.property(fc.array(fc.tuple(wellFormedText, anyInt32), { maxLength: 5 }), anyInt32, (pairs, serviceId) => {
        const entries = pairs.map(([key, value]) => ({ key, value }));
        for (const [type, field] of [
          ['ServiceRegisterMapping', 'services'],
          ['ServiceInstanceRegisterMapping', 'serviceInstances'],
          ['NetAddressMapping', 'addressIds'],
        ] as const) {
          expect([...decodeKeyInts(oracleEncode(type, { [field]: entries }))]).toEqual([...new Map(pairs)]);
        }
        const elements = pairs.map(([name, endpointId]) => ({ serviceId, name, endpointId }));
        const message = { elements: elements.map(({ name, ...ids }) => ({ ...ids, endpointName: name, from: 1 })) };
        expect(decodeEndpoints(oracleEncode('EndpointMapping', message))).toEqual(elements);
        const commands = pairs.map(([command]) => ({ command, args: [{ key: command, value: command }] }));
        const read = pairs.map(([name]) => ({ name, args: [[name, name]] }));
        expect(decodeCommands(oracleEncode('Commands', { commands }))).toEqual(read);
      }),
      { numRuns: 200 },
    );
  });

  it('read past fields that a later server may add', () => {
    const later = Buffer.concat([
      Buffer.from('98017b', 'hex'),
      vector('wire/commands-reset'),
      Buffer.from('a20103616263', 'hex'),
    ]);
    expect(decodeCommands(later)).toMatchObject([{ name: 'ServiceMetadataReset' }]);
    // A known number with another wire type is another field.
    expect(decodeCommands(Buffer.concat([Buffer.from('0805', 'hex'), later]))).toHaveLength(1);
  });

  it('end on garbage, with an error or with nothing, but they end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const decode of [decodeKeyInts, decodeEndpoints, decodeCommands]) {
          try {
            decode(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
    );
  });

  it('are not read where a text is cut short', () => {
    expect(() => decodeCommands(Buffer.from('0a030a0561', 'hex'))).toThrow();
    expect(() => decodeKeyInts(Buffer.from('0a040a056162', 'hex'))).toThrow();
  });

  it('make U+FFFD of a lone surrogate, also of one that the other side sends', () => {
    const sent = oracleDecode('Services', encodeServices(['a\ud800b'])).services as { serviceName: string }[];
    expect(sent[0]!.serviceName).toBe('a\ufffdb');
    const surrogate = Buffer.from('0a070a03eda0801005', 'hex');
    expect([...decodeKeyInts(surrogate).keys()].join('')).toMatch(/^\ufffd+$/);
  });
});

describe('the heartbeat of v3', () => {
  it('is what protobufjs makes of it, whatever the names', () => {
    fc.assert(
      fc.property(anyText, anyText, (serviceName, instanceName) => {
        const oracle = oracleV3Encode('InstancePingPkg', { service: serviceName, serviceInstance: instanceName });
        expect(encodePing({ serviceName, instanceName }).toString('hex')).toBe(oracle.toString('hex'));
      }),
      { numRuns: 200 },
    );
  });
});
