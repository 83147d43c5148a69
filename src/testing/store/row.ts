/** Where the backend saw an endpoint. Part of its key: one name can be an endpoint of each. `local`: 6.5 only. */
export type DetectPoint = 'server' | 'client' | 'proxy' | 'local';

export interface ServiceRow {
  readonly kind: 'service';
  readonly key: string;
  readonly id: number;
  readonly name: string;
  /** The network address that this service was made up for; 0: an agent registered it. */
  readonly addressId: number;
}

export interface InstanceRow {
  readonly kind: 'instance';
  readonly key: string;
  readonly id: number;
  readonly serviceId: number;
  /** What the agent registered; empty where the backend made the instance up for a network address. */
  readonly uuid: string;
  /** As the backend shows it: `<service>-pid:<process_no>@<host_name>`. */
  readonly name: string;
  /** As they were when the instance was created; later ones are not stored. */
  readonly properties: readonly Property[];
  readonly addressId: number;
  /** ISO 8601, by the agent's clock. */
  readonly registeredAt: string;
}

export interface EndpointRow {
  readonly kind: 'endpoint';
  readonly key: string;
  readonly id: number;
  readonly serviceId: number;
  readonly name: string;
  readonly from: DetectPoint;
}

export interface NetworkAddressRow {
  readonly kind: 'networkAddress';
  readonly key: string;
  readonly id: number;
  readonly name: string;
}

export interface Property {
  readonly key: string;
  readonly value: string;
}

/** One thing that has an id. Created once, never changed. */
export type Row = ServiceRow | InstanceRow | EndpointRow | NetworkAddressRow;
export type Kind = Row['kind'];
export type RowOf<K extends Kind> = Extract<Row, { kind: K }>;

/** A row that has no id yet. */
export type Unnumbered<R extends Row = Row> = R extends Row ? Omit<R, 'id'> : never;
