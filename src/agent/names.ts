import type { Log } from '../base/log';
import type { Registrar } from '../registry/registrar';
import type { Registered, State } from '../registry/standing';
import { LONGEST } from '../registry/v3-names';
import type { OwnNames } from '../trace/own-names';
import { text } from '../trace/text';
import { v3EndpointName } from '../trace/v3-endpoint-name';
import type { Names, V2Names } from '../wire/names';

/**
 * What the encoder and the tracer may use of the registration of now: nothing while there is none, or while its ids are
 * in doubt.
 */
export class CurrentNames {
  private cached: Names | undefined;
  private own: OwnNames | undefined;

  constructor(
    private readonly registrar: Registrar,
    private readonly log: Log,
  ) {}

  get(): Names | undefined {
    const { registrar } = this;
    const { state } = registrar;
    if (!registrar.isSound) return undefined;
    // One object an epoch: this is asked for with every segment.
    if (this.cached?.epoch !== state.epoch) this.cached = this.namesOf(state);
    return this.cached;
  }

  /** For the headers between processes. */
  forCarriers(): OwnNames | undefined {
    const names = this.get();
    if (names && this.own?.epoch !== names.epoch) this.own = this.ownOf(names);
    return names && this.own;
  }

  private ownOf(names: Names): OwnNames {
    const { epoch } = names;
    if (names.protocol === 'v3') {
      const { service, instance } = names;
      return { protocol: 'v3', epoch, service, instance, endpoint: (span) => names.endpoint(v3EndpointName(span)) };
    }
    const { endpoints, networkAddresses } = this.registrar;
    const endpointIds = endpoints.ids;
    const addressIds = networkAddresses.ids;
    return {
      protocol: 'v2',
      epoch,
      instanceId: names.instanceId,
      endpoint: (name) => endpoints.known(name, endpointIds),
      networkAddress: (name) => networkAddresses.known(name, addressIds),
    };
  }

  private namesOf(state: State): Names | undefined {
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
          endpoint: (name) => (name.length <= LONGEST.endpoint ? name : this.cut(name)),
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

  private cut(name: string): string {
    const shorter = text(name, LONGEST.endpoint);
    this.log.warn(
      `names of endpoints over ${LONGEST.endpoint} characters are cut, such as ${shorter}`,
      'long endpoint',
    );
    return shorter;
  }
}
