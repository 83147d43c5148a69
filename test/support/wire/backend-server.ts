import path from 'node:path';
import {
  Server,
  ServerCredentials,
  type ServiceError,
  type handleClientStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  type Metadata,
  type status,
} from '@grpc/grpc-js';
import { oracleDecode, oracleEncode } from './oracle';

type Json = Record<string, unknown>;

/** What a test makes of a question: an answer, a status, or no answer at all. */
export type Reply = Json | StatusReply | 'hang';

interface StatusReply {
  readonly code: status;
  readonly details?: string;
}

export interface Asked {
  readonly path: string;
  readonly request: Json;
  readonly metadata: Metadata;
}

const METHODS: Readonly<Record<string, readonly [request: string, answer: string]>> = {
  '/Register/doServiceRegister': ['Services', 'ServiceRegisterMapping'],
  '/Register/doServiceInstanceRegister': ['ServiceInstances', 'ServiceInstanceRegisterMapping'],
  '/Register/doNetworkAddressRegister': ['NetAddresses', 'NetAddressMapping'],
  '/Register/doEndpointRegister': ['Endpoints', 'EndpointMapping'],
  '/ServiceInstancePing/doPing': ['ServiceInstancePingPkg', 'Commands'],
};
const COLLECT = '/TraceSegmentReportService/collect';

/** A genuine grpc-js server that answers as the test likes, and remembers what it was asked. */
export class BackendServer {
  readonly asked: Asked[] = [];
  /** Each collect's messages, as they came. */
  readonly streams: Json[][] = [];
  cancelled = 0;
  private server: Server | undefined;

  constructor(
    public reply: (asked: Asked) => Reply = () => ({}),
    /** The answer to a whole stream, at its end. */
    public streamReply: () => Reply = () => ({}),
    private readonly credentials = ServerCredentials.createInsecure(),
  ) {}

  /** @returns the port */
  async start(port = 0, host = '127.0.0.1'): Promise<number> {
    const server = new Server();
    server.addService(this.definition(), this.handlers());
    this.server = server;
    return new Promise((resolve, reject) => {
      server.bindAsync(`${host}:${port}`, this.credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
  }

  /** As if the process had been killed. */
  kill(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  /** Segments of all streams, decoded. */
  segments(): Json[] {
    return this.streams.flat().map((upstream) => oracleDecode('SegmentObject', upstream.segment as Buffer));
  }

  private definition(): ServiceDefinition {
    const entries = [...Object.keys(METHODS), COLLECT].map((name) => {
      const [request, answer] = METHODS[name] ?? ['UpstreamSegment', 'Commands'];
      return [
        path.posix.basename(name),
        {
          path: name,
          requestStream: name === COLLECT,
          responseStream: false,
          requestSerialize: (message: Json) => oracleEncode(request, message),
          requestDeserialize: (bytes: Buffer) => oracleDecode(request, bytes),
          responseSerialize: (message: Json) =>
            Buffer.isBuffer(message.raw) ? message.raw : oracleEncode(answer, message),
          responseDeserialize: (bytes: Buffer) => oracleDecode(answer, bytes),
        },
      ] as const;
    });
    return Object.fromEntries(entries);
  }

  private handlers(): Record<string, handleUnaryCall<Json, Json> | handleClientStreamingCall<Json, Json>> {
    const unary = Object.keys(METHODS).map((name) => {
      const handle: handleUnaryCall<Json, Json> = (call, callback) => {
        call.on('cancelled', () => this.cancelled++);
        const asked = { path: name, request: call.request, metadata: call.metadata };
        this.asked.push(asked);
        answer(this.reply(asked), callback);
      };
      return [path.posix.basename(name), handle] as const;
    });
    const collect: handleClientStreamingCall<Json, Json> = (call, callback) => {
      const messages: Json[] = [];
      this.streams.push(messages);
      this.asked.push({ path: COLLECT, request: {}, metadata: call.metadata });
      call.on('cancelled', () => this.cancelled++);
      call.on('data', (message: Json) => messages.push(message));
      call.on('error', () => undefined);
      call.on('end', () => answer(this.streamReply(), callback));
    };
    return Object.fromEntries([...unary, ['collect', collect]]);
  }
}

function isStatus(reply: Reply): reply is StatusReply {
  return typeof reply === 'object' && typeof reply.code === 'number';
}

function answer(reply: Reply, callback: (error: Partial<ServiceError> | null, message?: Json) => void): void {
  if (reply === 'hang') return;
  if (isStatus(reply)) callback({ code: reply.code, details: reply.details ?? '' });
  else callback(null, reply);
}
