import path from 'node:path';
import {
  Client,
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ClientOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { until } from '../support/until';

const PROTO = path.join(__dirname, '..', '..', 'proto', 'v2');
const root = new protobuf.Root().loadSync(
  ['register.proto', 'ping.proto', 'segment.proto'].map((file) => path.join(PROTO, file)),
  { keepCase: true },
);
root.resolveAll();

const SERVICES = ['Register', 'ServiceInstancePing', 'TraceSegmentReportService'];
const asIs = (bytes: Buffer): Buffer => bytes;

export interface Reply {
  /** gRPC's name of the status. */
  readonly status: string;
  readonly details: string;
  /** The answer's bytes; empty unless the status is OK. */
  readonly bytes: Buffer;
  /** The answer's fields; empty unless the status is OK and the bytes are a message. */
  readonly value: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

/** Three int64, joined by dots. */
export type IdText = string;

export interface SegmentToSend {
  readonly serviceId: number;
  readonly serviceInstanceId: number;
  readonly traceIds: readonly IdText[];
  readonly segmentId: IdText;
  readonly spans: readonly object[];
}

export interface TestAgentOptions {
  readonly credentials?: ChannelCredentials;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly channel?: ClientOptions;
}

interface Named {
  readonly service: string;
  readonly method: protobuf.Method;
}

function find(name: string): Named {
  for (const service of SERVICES) {
    const method = root.lookupService(service).methods[name];
    if (method) return { service, method };
  }
  throw new Error(`no method ${name}`);
}

export function encode(type: string, value: object): Buffer {
  const message = root.lookupType(type);
  return Buffer.from(message.encode(message.fromObject(value)).finish());
}

export const idOf = (text: IdText): object => ({ idParts: text.split('.') });

/** Bytes of an `UpstreamSegment`; `segment` may be bytes that are none. */
export function upstream(traceIds: readonly IdText[], segment: Buffer): Buffer {
  return encode('UpstreamSegment', { globalTraceIds: traceIds.map(idOf), segment });
}

export function segmentBytes({ segmentId, serviceId, serviceInstanceId, spans }: SegmentToSend): Buffer {
  return encode('SegmentObject', { traceSegmentId: idOf(segmentId), serviceId, serviceInstanceId, spans });
}

/** An agent reduced to its calls. It shares no line with the kit, nor with the agent. */
export class TestAgent {
  private readonly client: Client;

  constructor(
    readonly address: string,
    private readonly options: TestAgentOptions = {},
  ) {
    this.client = new Client(address, options.credentials ?? credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 100,
      'grpc.use_local_subchannel_pool': 1,
      ...options.channel,
    });
  }

  close(): void {
    this.client.close();
  }

  call(name: string, request: object, deadlineMs = 8_000): Promise<Reply> {
    return this.bytes(name, encode(find(name).method.requestType, request), deadlineMs);
  }

  /** Any bytes for a message. */
  bytes(name: string, request: Buffer, deadlineMs = 8_000): Promise<Reply> {
    const { service, method } = find(name);
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(
        `/${service}/${method.name}`,
        asIs,
        asIs,
        request,
        this.metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => resolve(toReply(method.responseType, error, answer)),
      );
    });
  }

  /** One stream with these messages. */
  stream(messages: readonly Buffer[], deadlineMs = 8_000): Promise<Reply> {
    return new Promise((resolve) => {
      const call = this.client.makeClientStreamRequest(
        '/TraceSegmentReportService/collect',
        asIs,
        asIs,
        this.metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => resolve(toReply('Commands', error, answer)),
      );
      // The fate of the stream is told by the callback.
      call.on('error', () => undefined);
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  send(...segments: readonly SegmentToSend[]): Promise<Reply> {
    return this.stream(segments.map((segment) => upstream(segment.traceIds, segmentBytes(segment))));
  }

  registerServices(...names: readonly string[]): Promise<Reply> {
    return this.call('doServiceRegister', { services: names.map((serviceName) => ({ serviceName })) });
  }

  registerInstances(...instances: readonly (readonly [serviceId: number, uuid: string])[]): Promise<Reply> {
    return this.call('doServiceInstanceRegister', {
      instances: instances.map(([serviceId, instanceUUID]) => ({ serviceId, instanceUUID, time: 1_790_000_000_000 })),
    });
  }

  registerEndpoints(
    serviceId: number,
    names: readonly string[],
    from: 'client' | 'server' | 'proxy' = 'server',
  ): Promise<Reply> {
    return this.call('doEndpointRegister', {
      endpoints: names.map((endpointName) => ({ serviceId, endpointName, from })),
    });
  }

  registerAddresses(...addresses: readonly string[]): Promise<Reply> {
    return this.call('doNetworkAddressRegister', { addresses });
  }

  ping(serviceInstanceId: number, serviceInstanceUUID: string, time = 1_790_000_000_000): Promise<Reply> {
    return this.call('doPing', { serviceInstanceId, serviceInstanceUUID, time });
  }

  /** These four ask until there is an id. */
  async serviceId(name: string): Promise<number> {
    return untilId(async () => (await this.registerServices(name)).value['services']?.[0]?.['value']);
  }

  async instanceId(serviceId: number, uuid: string): Promise<number> {
    return untilId(
      async () => (await this.registerInstances([serviceId, uuid])).value['serviceInstances']?.[0]?.['value'],
    );
  }

  async endpointId(serviceId: number, name: string): Promise<number> {
    return untilId(
      async () => (await this.registerEndpoints(serviceId, [name])).value['elements']?.[0]?.['endpointId'],
    );
  }

  async addressId(name: string): Promise<number> {
    return untilId(async () => (await this.registerAddresses(name)).value['addressIds']?.[0]?.['value']);
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.options.metadata ?? {})) metadata.set(key, value);
    return metadata;
  }
}

async function untilId(ask: () => Promise<unknown>): Promise<number> {
  return (await until(ask, (id) => typeof id === 'number', { everyMs: 3 })) as number;
}

function toReply(type: string, error: ServiceError | null, bytes: Buffer | undefined): Reply {
  return {
    status: status[error ? error.code : status.OK],
    details: error ? error.details : '',
    bytes: bytes ?? Buffer.alloc(0),
    value: parse(type, bytes),
  };
}

function parse(type: string, bytes: Buffer | undefined): Reply['value'] {
  try {
    return bytes ? root.lookupType(type).toObject(root.lookupType(type).decode(bytes), { enums: String }) : {};
  } catch {
    return {};
  }
}
