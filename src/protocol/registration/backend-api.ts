import type { Outcome } from '../../base/outcome';
import type {
  Configuration,
  Connection,
  Heartbeat,
  InstanceName,
  InstanceRegistration,
} from '../../model/registration';

/**
 * What the registrar needs of a backend. Every question is bounded by a deadline of its own, and is given up when the
 * signal aborts.
 */
export interface BackendApi {
  /**
   * The connection of now, made if there is none, and what it speaks, asked once on every connection. Fails to the next
   * address of the list, one address a call.
   */
  connect(signal: AbortSignal): Promise<Outcome<Connection>>;
  readonly v2: V2Api;
  readonly v3: V3Api;
}

/** `undefined` and absent keys mean: not yet, ask again. */
interface V2Api {
  registerService(name: string, signal: AbortSignal): Promise<Outcome<number | undefined>>;
  registerInstance(instance: InstanceRegistration, signal: AbortSignal): Promise<Outcome<number | undefined>>;
  /** `reset`: the backend does not know this instance id (`ServiceMetadataReset`). */
  heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<Outcome<{ readonly reset: boolean }>>;
  registerNetworkAddresses(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>>;
  registerEndpoints(
    serviceId: number,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, number>>>;
}

interface V3Api {
  /** The instance lives. Shows nothing else of it. */
  keepAlive(instance: InstanceName, signal: AbortSignal): Promise<Outcome<undefined>>;
  /** Everything that is to be shown of the instance. */
  reportInstanceProperties(
    instance: InstanceName,
    properties: readonly (readonly [key: string, value: string])[],
    signal: AbortSignal,
  ): Promise<Outcome<undefined>>;
  /** @param uuid of the configuration that is in force; an answer of `undefined` means that it stays */
  fetchConfiguration(
    serviceName: string,
    uuid: string,
    signal: AbortSignal,
  ): Promise<Outcome<Configuration | undefined>>;
}
