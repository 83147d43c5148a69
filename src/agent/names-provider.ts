import type { Registrar } from '../protocol/registration/registrar';
import type { PropagationIdentity } from '../tracing/propagation/propagator';
import type { Names } from '../model/names';

/** What the encoder and the tracer may use of the registration of now. */
export class NamesProvider {
  private cached: Names | undefined;

  constructor(private readonly registrar: Registrar) {}

  /** For segments: nothing while we are not registered, or while that is not verified. */
  current(): Names | undefined {
    const { registrar } = this;
    const { state } = registrar;
    if (!registrar.isSound) return undefined;
    // One object an epoch: this is asked for with every segment.
    if (this.cached?.epoch !== state.epoch) this.cached = registrar.registration.names(state);
    return this.cached;
  }

  /** For the headers between processes. */
  forPropagation(): PropagationIdentity | undefined {
    const { registrar } = this;
    return registrar.registration.carrierNames(registrar.state);
  }
}
