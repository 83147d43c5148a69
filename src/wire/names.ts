/**
 * What the backend's ids are, as known now. It is the agent's dictionaries seen from the encoder; undefined where no
 * registration holds, and then nothing is sent.
 */
export interface Names {
  /** Counts up with every registration and every loss of one: ids of different epochs never meet. */
  readonly epoch: number;
  readonly serviceId: number;
  readonly instanceId: number;
  /** The id of an endpoint of our own service; 0: none, send the name. */
  endpoint(name: string): number;
  /** The id of a `host:port`; 0: none, send the name. */
  networkAddress(name: string): number;
}
