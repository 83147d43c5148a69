/** What a v3 backend knows us by. */
export interface InstanceName {
  readonly serviceName: string;
  readonly instanceName: string;
}

/** How a backend wants the service to behave. */
export interface Configuration {
  /** Another one whenever the values are. */
  readonly uuid: string;
  readonly values: ReadonlyMap<string, string>;
}
