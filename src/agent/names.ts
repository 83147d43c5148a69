import type { Registrar } from '../registry/registrar';
import type { Names } from '../wire/names';

/** What the encoder may use of the registration of now: nothing while there is none, or while its ids are in doubt. */
export class CurrentNames {
  private cached: Names | undefined;

  constructor(private readonly registrar: Registrar) {}

  get(): Names | undefined {
    const { registrar } = this;
    const { state } = registrar;
    if (state.phase !== 'registered' || !registrar.isSound) return undefined;
    // One object an epoch: this is asked for with every chunk of segments.
    if (this.cached?.epoch !== state.epoch) {
      this.cached = {
        epoch: state.epoch,
        serviceId: state.serviceId,
        instanceId: state.instanceId,
        endpoint: (name) => registrar.endpoints.lookup(name),
        networkAddress: (name) => registrar.networkAddresses.lookup(name),
      };
    }
    return this.cached;
  }
}
