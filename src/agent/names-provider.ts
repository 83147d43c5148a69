import type { Log } from '../base/log';
import type { Registrar } from '../protocol/registration/registrar';
import type { RegistrationState } from '../protocol/registration/registration-state';
import type { Registered } from '../protocol/v2/registration-state';
import { MAX_LENGTH, v3EndpointName } from '../protocol/v3/name-limits';
import type { V2Identity, PropagationIdentity, V3Identity } from '../tracing/propagation/propagation-identity';
import { truncate } from '../base/text';
import { USER_ENDPOINT } from '../model/components';
import type { Names, V2Names } from '../model/names';

/** What the encoder and the tracer may use of the registration of now. */
export class NamesProvider {
  private cached: Names | undefined;
  private ids: V2Identity | undefined;
  private words: V3Identity | undefined;

  constructor(
    private readonly registrar: Registrar,
    private readonly log: Log,
  ) {}

  /** For segments: nothing while we are not registered, or while that is not verified. */
  current(): Names | undefined {
    const { registrar } = this;
    const { state } = registrar;
    if (!registrar.isSound) return undefined;
    // One object an epoch: this is asked for with every segment.
    if (this.cached?.epoch !== state.epoch) this.cached = this.namesOf(state);
    return this.cached;
  }

  /**
   * For the headers between processes, which say what is true without a connection too. On v3 that is our names. On v2 it
   * is the last ids, unless something speaks against them. Before any backend has decided the protocol it is the names: a
   * backend of v3 takes them for what they are, and with one of v2 the callee joins the trace all the same, only without
   * its caller.
   */
  forPropagation(): PropagationIdentity | undefined {
    const { registrar } = this;
    if (registrar.protocol !== 'v2') return (this.words ??= this.ownWords());
    const { state } = registrar;
    if (state.phase !== 'registered' || state.trust === 'contradicted') return undefined;
    if (this.ids?.epoch !== state.epoch) this.ids = this.ownIds(state);
    return this.ids;
  }

  private ownWords(): V3Identity {
    const { serviceName, instanceName } = this.registrar.v3Instance;
    return {
      protocol: 'v3',
      service: serviceName,
      instance: instanceName,
      endpoint: (span) => this.endpoint(v3EndpointName(span)),
    };
  }

  private ownIds({ epoch, instanceId }: Registered): V2Identity {
    const { registrar } = this;
    const { endpoints, networkAddresses } = registrar;
    const endpointIds = endpoints.ids;
    const addressIds = networkAddresses.ids;
    return {
      protocol: 'v2',
      epoch,
      instanceId,
      // The backend waits 5 s for the endpoint that a name stands for, then it drops the callee's segment. It learns of
      // the name from our own segments, and these wait for a connection.
      endpoint: (name) => endpoints.known(name, endpointIds) || (registrar.isSound ? 0 : USER_ENDPOINT),
      networkAddress: (name) => networkAddresses.known(name, addressIds),
    };
  }

  private namesOf(state: RegistrationState): Names | undefined {
    const { registrar } = this;
    switch (state.phase) {
      case 'registered':
        return this.v2NamesOf(state);
      case 'connected':
        return {
          protocol: 'v3',
          epoch: state.epoch,
          service: registrar.v3Instance.serviceName,
          instance: registrar.v3Instance.instanceName,
          endpoint: (name) => this.endpoint(name),
        };
      default:
        return undefined;
    }
  }

  /** Holds the ids of this epoch by themselves: asked later, it never tells one of another. */
  private v2NamesOf({ epoch, serviceId, instanceId }: Registered): V2Names {
    const { endpoints, networkAddresses } = this.registrar;
    const endpointIds = endpoints.ids;
    const addressIds = networkAddresses.ids;
    return {
      protocol: 'v2',
      epoch,
      serviceId,
      instanceId,
      endpoint: (name) => endpoints.lookup(name, endpointIds),
      networkAddress: (name) => networkAddresses.lookup(name, addressIds),
      endpointOf: (id) => endpointIds.nameOf(id),
      networkAddressOf: (id) => addressIds.nameOf(id),
    };
  }

  private endpoint(name: string): string {
    return name.length <= MAX_LENGTH.endpoint ? name : this.cut(name);
  }

  private cut(name: string): string {
    const shorter = truncate(name, MAX_LENGTH.endpoint);
    this.log.warn(
      `names of endpoints over ${MAX_LENGTH.endpoint} characters are cut, such as ${shorter}`,
      'long endpoint',
    );
    return shorter;
  }
}
