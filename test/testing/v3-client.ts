import { Client, credentials, Metadata, status, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js';

interface Wire {
  readonly v3: object;
  encode(tables: object, message: string, value: object): Buffer;
  decode(tables: object, message: string, bytes: Buffer): Record<string, unknown>;
}

/** Made from the field tables, not from the project's proto files. */
const wire: Wire = jest.requireActual('../oap/lib/wire.js');

const asIs = (bytes: Buffer): Buffer => bytes;

export interface V3Reply {
  /** gRPC's name of the status. */
  readonly status: string;
  readonly details: string;
  /** The answer's bytes; empty unless the status is OK. */
  readonly bytes: Buffer;
  /** Metadata of the answer; empty where there are none. */
  readonly commands: readonly Command[];
}

export interface Command {
  readonly command: string;
  readonly args: readonly { readonly key: string; readonly value: string }[];
}

export interface V3AgentOptions {
  readonly credentials?: ChannelCredentials;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly channel?: ClientOptions;
}

/** Bytes of a message of v3, named without its package. */
export const encodeV3 = (message: string, value: object): Buffer =>
  wire.encode(wire.v3, `skywalking.v3.${message}`, value);

export const pairs = (values: Readonly<Record<string, string>>): readonly { key: string; value: string }[] =>
  Object.entries(values).map(([key, value]) => ({ key, value }));

/** A v3 agent reduced to its calls. It shares no line with the kit, nor with the agent. */
export class V3TestAgent {
  private readonly client: Client;

  /** @param root before the name of each service: none for the servers of 8.0 to 8.3 */
  constructor(
    address: string,
    private readonly options: V3AgentOptions = {},
    private readonly root: 'skywalking.v3.' | '' = 'skywalking.v3.',
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

  /** One question, at any path. */
  ask(path: string, request: Buffer, deadlineMs = 8_000): Promise<V3Reply> {
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(path, asIs, asIs, request, this.metadata(), deadline(deadlineMs), (error, bytes) =>
        resolve(toReply(error, bytes)),
      );
    });
  }

  /** One stream with these messages, at any path. */
  stream(path: string, messages: readonly Buffer[], deadlineMs = 8_000): Promise<V3Reply> {
    return new Promise((resolve) => {
      const call = this.client.makeClientStreamRequest(
        path,
        asIs,
        asIs,
        this.metadata(),
        deadline(deadlineMs),
        (error, bytes) => resolve(toReply(error, bytes)),
      );
      // The fate of the stream is told by the callback.
      call.on('error', () => undefined);
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  keepAlive(service: string, serviceInstance: string): Promise<V3Reply> {
    return this.ask(
      this.path('ManagementService/keepAlive'),
      encodeV3('InstancePingPkg', { service, serviceInstance }),
    );
  }

  report(service: string, serviceInstance: string, properties: Readonly<Record<string, string>>): Promise<V3Reply> {
    return this.reportPairs(service, serviceInstance, pairs(properties));
  }

  /** A key may repeat. */
  reportPairs(service: string, serviceInstance: string, properties: readonly object[]): Promise<V3Reply> {
    const request = encodeV3('InstanceProperties', { service, serviceInstance, properties });
    return this.ask(this.path('ManagementService/reportInstanceProperties'), request);
  }

  send(...segments: readonly object[]): Promise<V3Reply> {
    const messages = segments.map((segment) => encodeV3('SegmentObject', segment));
    return this.stream(this.path('TraceSegmentReportService/collect'), messages);
  }

  sendInSync(...segments: readonly object[]): Promise<V3Reply> {
    const request = encodeV3('SegmentCollection', { segments });
    return this.ask(this.path('TraceSegmentReportService/collectInSync'), request);
  }

  fetchConfigurations(service: string, uuid: string): Promise<V3Reply> {
    const request = encodeV3('ConfigurationSyncRequest', { service, uuid });
    return this.ask(this.path('ConfigurationDiscoveryService/fetchConfigurations'), request);
  }

  sendMeters(...meters: readonly object[]): Promise<V3Reply> {
    const messages = meters.map((meter) => encodeV3('MeterData', meter));
    return this.stream(this.path('MeterReportService/collect'), messages);
  }

  sendMeterBatches(...batches: readonly (readonly object[])[]): Promise<V3Reply> {
    const messages = batches.map((meterData) => encodeV3('MeterDataCollection', { meterData }));
    return this.stream(this.path('MeterReportService/collectBatch'), messages);
  }

  sendLogs(...logs: readonly object[]): Promise<V3Reply> {
    const messages = logs.map((log) => encodeV3('LogData', log));
    return this.stream(this.path('LogReportService/collect'), messages);
  }

  sendEvents(...events: readonly object[]): Promise<V3Reply> {
    const messages = events.map((event) => encodeV3('Event', event));
    return this.stream(this.path('EventService/collect'), messages);
  }

  path(method: string): string {
    return `/${this.root}${method}`;
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.options.metadata ?? {})) metadata.set(key, value);
    return metadata;
  }
}

function deadline(ms: number): { readonly deadline: number } {
  return { deadline: Date.now() + ms };
}

function toReply(
  error: { readonly code: status; readonly details: string } | null,
  bytes: Buffer = Buffer.alloc(0),
): V3Reply {
  if (error) return { status: status[error.code], details: error.details, bytes: Buffer.alloc(0), commands: [] };
  return { status: 'OK', details: '', bytes, commands: commandsOf(bytes) };
}

function commandsOf(bytes: Buffer): readonly Command[] {
  try {
    return (wire.decode(wire.v3, 'skywalking.v3.Commands', bytes)['commands'] ?? []) as Command[];
  } catch {
    return [];
  }
}
