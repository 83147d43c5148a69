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
