import type { Writer } from 'protobufjs/minimal';
import { failed, type Outcome } from '../../base/outcome';
import type { Heartbeat, InstanceRegistration } from '../../model/registration';
import { MAX_PAIRS } from '../../transport/answer-limits';
import type { UnaryCaller } from '../../transport/call/unary-call';
import { decodeCommands, eachField, eachMessage, parseResponse, readInt32, readText } from '../protobuf/control/reader';
import {
  message,
  writeBytes,
  writeInt32Field,
  writeInt64Field,
  writeNested,
  writePair,
  writeText,
} from '../protobuf/control/write';
import { wellFormed } from '../protobuf/fast/value';

/** `DetectPoint.server`: the only kind of endpoint that every server of v2 takes. */
const FROM_SERVER = 1;

/** `Services` */
export function encodeServices(names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) writeNested(writer, 1, (service) => writeText(service, 1, name));
  });
}

/** `ServiceInstances` */
export function encodeServiceInstances(instances: readonly InstanceRegistration[]): Buffer {
  return message((writer) => {
    for (const instance of instances) writeNested(writer, 1, (to) => writeInstance(to, instance));
  });
}

/** `ServiceInstancePingPkg` */
export function encodeHeartbeat({ instanceId, instanceName, time }: Heartbeat): Buffer {
  return message((writer) => {
    writeInt32Field(writer, 1, instanceId);
    writeInt64Field(writer, 2, time);
    writeText(writer, 3, instanceName);
  });
}

/** `NetAddresses`. Repeated, so an empty one is written too. */
export function encodeNetAddresses(addresses: readonly string[]): Buffer {
  return message((writer) => {
    for (const address of addresses) writeBytes(writer, 1, address);
  });
}

/** `Endpoints` */
export function encodeEndpoints(serviceId: number, names: readonly string[]): Buffer {
  return message((writer) => {
    for (const name of names) {
      writeNested(writer, 1, (endpoint) => {
        writeInt32Field(endpoint, 1, serviceId);
        writeText(endpoint, 2, name);
        writeInt32Field(endpoint, 5, FROM_SERVER);
      });
    }
  });
}

function writeInstance(writer: Writer, { serviceId, instanceName, time, properties }: InstanceRegistration): void {
  writeInt32Field(writer, 1, serviceId);
  writeText(writer, 2, instanceName);
  writeInt64Field(writer, 3, time);
  for (const property of properties) writePair(writer, 5, property);
}

/**
 * The `KeyIntValuePair`s of `ServiceRegisterMapping`, `ServiceInstanceRegisterMapping` and `NetAddressMapping`, field
 * 1 in all of them; an id that is no int32 is 0. Throws on what is no protobuf, and `AnswerTooLarge`, as all of
 * these do.
 */
export function decodeKeyInts(bytes: Buffer): ReadonlyMap<string, number> {
  const pairs = new Map<string, number>();
  eachMessage(bytes, 1, MAX_PAIRS, (pair) => {
    let key = '';
    let value = 0;
    eachField(pair, (field, wire) => {
      if (field === 1 && wire === 2) key = readText(pair);
      else if (field === 2 && wire === 0) value = readInt32(pair);
      else pair.skipType(wire);
    });
    pairs.set(key, value);
  });
  return pairs;
}

interface EndpointMapping {
  readonly serviceId: number;
  readonly name: string;
  readonly endpointId: number;
}

/** `EndpointMapping` */
export function decodeEndpoints(bytes: Buffer): readonly EndpointMapping[] {
  const elements: EndpointMapping[] = [];
  eachMessage(bytes, 1, MAX_PAIRS, (element) => {
    let serviceId = 0;
    let name = '';
    let endpointId = 0;
    eachField(element, (field, wire) => {
      if (field === 1 && wire === 0) serviceId = readInt32(element);
      else if (field === 2 && wire === 2) name = readText(element);
      else if (field === 3 && wire === 0) endpointId = readInt32(element);
      else element.skipType(wire);
    });
    elements.push({ serviceId, name, endpointId });
  });
  return elements;
}

/** The methods of the v2 servers, OAP 6.0 to 7.0; their proto files have no package. */
export const V2Path = {
  registerService: '/Register/doServiceRegister',
  registerInstance: '/Register/doServiceInstanceRegister',
  registerEndpoints: '/Register/doEndpointRegister',
  registerNetworkAddresses: '/Register/doNetworkAddressRegister',
  ping: '/ServiceInstancePing/doPing',
  /** Exists in v3 too, with other messages: a v2 segment sent there vanishes without a word. */
  collect: '/TraceSegmentReportService/collect',
} as const;

/** The command by which a backend of 6.3 and later says that it does not know an instance id. */
const RESET = 'ServiceMetadataReset';

/**
 * Registration in the words of v2. Answers are matched by key: entries that were not asked for, and ids that are none
 * (0: not yet), count as absent.
 */
export class V2Client {
  constructor(
    private readonly ask: UnaryCaller,
    /** The backend that is connected. */
    private readonly leave: (reason: string) => void,
  ) {}

  async registerService(name: string, signal: AbortSignal): Promise<Outcome<number | undefined>> {
    const answer = await this.ask(V2Path.registerService, encodeServices([name]), signal);
    if (answer.status === 'failed' && answer.code === 'UNIMPLEMENTED') {
      return failed(answer.code, `nothing on this port receives agents of protocol v2 (${answer.reason})`);
    }
    return this.understood(answer, (bytes) => idOf(decodeKeyInts(bytes), name));
  }

  async registerInstance(instance: InstanceRegistration, signal: AbortSignal): Promise<Outcome<number | undefined>> {
    const answer = await this.ask(V2Path.registerInstance, encodeServiceInstances([instance]), signal);
    return this.understood(answer, (bytes) => idOf(decodeKeyInts(bytes), instance.instanceName));
  }

  async heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<Outcome<{ readonly reset: boolean }>> {
    const answer = await this.ask(V2Path.ping, encodeHeartbeat(heartbeat), signal);
    return this.understood(answer, (bytes) => ({ reset: decodeCommands(bytes).some(({ name }) => name === RESET) }));
  }

  async registerNetworkAddresses(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>> {
    const answer = await this.ask(V2Path.registerNetworkAddresses, encodeNetAddresses(names), signal);
    return this.understood(answer, (bytes) => idsOf(decodeKeyInts(bytes), names));
  }

  async registerEndpoints(
    serviceId: number,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>> {
    const answer = await this.ask(V2Path.registerEndpoints, encodeEndpoints(serviceId, names), signal);
    return this.understood(answer, (bytes) => {
      const ours = decodeEndpoints(bytes).filter((element) => element.serviceId === serviceId);
      return idsOf(new Map(ours.map(({ name, endpointId }) => [name, endpointId])), names);
    });
  }

  private understood<T>(answer: Outcome<Buffer>, read: (bytes: Buffer) => T): Outcome<T> {
    return parseResponse(answer, read, this.leave);
  }
}

/** The backend knows a name as it arrived: without lone surrogates. */
function idOf(ids: ReadonlyMap<string, number>, name: string): number | undefined {
  const id = ids.get(wellFormed(name));
  return id !== undefined && id > 0 ? id : undefined;
}

function idsOf(ids: ReadonlyMap<string, number>, names: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) {
    const id = idOf(ids, name);
    if (id !== undefined) found.set(name, id);
  }
  return found;
}
