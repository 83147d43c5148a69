import { readFileSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import { decodeMessage, encodeMessage } from '../../src/testing/server/codec';
import { messageType } from '../../src/testing/server/schema';

const ROOT = path.join(__dirname, '..', '..');
const tables: unknown = JSON.parse(readFileSync(path.join(ROOT, 'test', 'oap', 'wire', 'v3.json'), 'utf8'));
const FILES = ['common', 'management', 'segment', 'configuration', 'meter', 'log', 'event'];
const root = new protobuf.Root().loadSync(
  FILES.map((file) => path.join(ROOT, 'proto', 'v3', `${file}.proto`)),
  { keepCase: true },
);
root.resolveAll();

const nameOf = (type: protobuf.ReflectionObject): string => type.fullName.slice(1);

function typesIn(namespace: protobuf.NamespaceBase): (protobuf.Type | protobuf.Enum | protobuf.Service)[] {
  return namespace.nestedArray.flatMap((found) => {
    const inner = found instanceof protobuf.Namespace ? typesIn(found) : [];
    const isType =
      found instanceof protobuf.Type || found instanceof protobuf.Enum || found instanceof protobuf.Service;
    return isType ? [found, ...inner] : inner;
  });
}

const fieldOf = ({ id, repeated, type, resolvedType }: protobuf.Field): [number, string] => [
  id,
  `${repeated ? 'repeated ' : ''}${resolvedType ? nameOf(resolvedType) : type}`,
];

const signatureOf = ({ requestStream, resolvedRequestType, resolvedResponseType }: protobuf.Method): string =>
  `${requestStream ? 'stream ' : ''}${nameOf(resolvedRequestType!)} -> ${nameOf(resolvedResponseType!)}`;

describe('the contract of v3', () => {
  it('says of every message, enum and method what the field tables of the servers say, and knows no others', () => {
    const messages: Record<string, unknown> = {};
    const enums: Record<string, unknown> = {};
    const services: Record<string, unknown> = {};
    for (const found of typesIn(root)) {
      if (found instanceof protobuf.Enum) enums[nameOf(found)] = found.values;
      else if (found instanceof protobuf.Service)
        services[nameOf(found)] = Object.fromEntries(found.methodsArray.map((one) => [one.name, signatureOf(one)]));
      else messages[nameOf(found)] = Object.fromEntries(found.fieldsArray.map((one) => [one.name, fieldOf(one)]));
    }
    expect({ messages, enums, services }).toEqual(tables);
  });
});

describe('the bytes that protoc makes of a segment', () => {
  const hex = readFileSync(path.join(ROOT, 'fixtures', 'segments', 'segment-v3-entry-exit.hex'), 'utf8').trim();
  const type = (): protobuf.Type => messageType('v3', 'SegmentObject');

  it('are read as the text beside them says', () => {
    const trace = 'a12ff60b5807463791620495ad16d6ce.4242.1732100000000000';
    expect(decodeMessage(type(), Buffer.from(hex, 'hex'))).toEqual({
      traceId: `${trace}1`,
      traceSegmentId: `${trace}0`,
      service: 'orders',
      serviceInstance: 'orders-1',
      isSizeLimited: false,
      spans: [
        {
          ...{ spanId: 1, parentSpanId: 0, startTime: '1732100000005', endTime: '1732100000015', refs: [] },
          ...{ operationName: '/stock', peer: 'stock:8080', spanType: 'Exit', spanLayer: 'Http', componentId: 2 },
          ...{ isError: false, tags: [{ key: 'http.method', value: 'GET' }], logs: [], skipAnalysis: false },
        },
        {
          ...{ spanId: 0, parentSpanId: -1, startTime: '1732100000000', endTime: '1732100000020' },
          ...{ operationName: 'GET:/orders/{id}', peer: '', spanType: 'Entry', spanLayer: 'Http', componentId: 4001 },
          ...{ isError: false, tags: [], logs: [], skipAnalysis: false },
          refs: [
            {
              ...{ refType: 'CrossProcess', traceId: `${trace}1`, parentTraceSegmentId: '0c6f.1.2', parentSpanId: 3 },
              ...{ parentService: 'web', parentServiceInstance: 'web-1', parentEndpoint: 'GET:/' },
              networkAddressUsedAtPeer: 'orders:3000',
            },
          ],
        },
      ],
    });
  });

  it('are what is written of it again', () => {
    expect(encodeMessage(type(), decodeMessage(type(), Buffer.from(hex, 'hex'))).toString('hex')).toBe(hex);
  });
});
