import { failed, type Outcome } from '../../base/outcome';
import { wellFormed } from '../protobuf/fast/text';
import { decodeCommands } from '../protobuf/control/commands';
import { parseResponse } from '../protobuf/control/parse-response';
import type { UnaryCaller } from '../../transport/call/unary-call';
import type { Heartbeat, InstanceRegistration } from '../../model/registration';
import {
  decodeEndpoints,
  decodeKeyInts,
  encodeEndpoints,
  encodeNetAddresses,
  encodeHeartbeat,
  encodeServiceInstances,
  encodeServices,
  V2Path,
} from './register-messages';

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
