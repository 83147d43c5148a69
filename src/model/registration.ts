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

export interface InstanceRegistration {
  readonly serviceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** In order; a key may repeat. */
  readonly properties: readonly (readonly [key: string, value: string])[];
}

export interface Heartbeat {
  readonly instanceId: number;
  readonly instanceName: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}
