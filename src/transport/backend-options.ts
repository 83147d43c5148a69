import type { Clock } from '../base/clock';
import type { LoadError } from '../base/lazy';
import type { Log } from '../base/log';
import type { ProtocolName } from '../model/dialect';
import type { Names } from '../model/names';
import type { InstanceName } from '../model/registration';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** PEM. Without `ca`, Node's own list of authorities. */
export interface TransportTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whom the certificate is to name; absent: the host of the address. */
  readonly serverName?: string;
}

/** What a connection is made with. */
interface Credentials {
  /** Absent: cleartext. */
  readonly tls?: TransportTls;
  /** Goes raw, without a scheme, into the metadata of every call. */
  readonly authentication?: string;
}

export interface BackendOptions extends Credentials {
  readonly addresses: readonly Address[];
  /** What the next connection is made with, where that may change; never rejects. */
  readonly renewCredentials?: () => Promise<Credentials>;
  readonly agentVersion: string;
  readonly serviceName: string;
  /** As a v3 backend is to know us: by names within its limits. */
  readonly v3Instance: InstanceName;
  /** What the user has pinned; absent: each backend is asked what it speaks. */
  readonly protocol?: ProtocolName;
  /** After this time, give or take a fifth, a connection is replaced by a new one; absent: it stays for as long as it holds. */
  readonly maxConnectionAgeMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The ids of now; undefined while there are none. */
  names(): Names | undefined;
  /** The number of the connection over which the backend has confirmed what `names()` returns. */
  confirmedOn(): number;
  /** A package that a connection needs cannot be loaded. */
  onLoadError(error: LoadError): void;
  /**
   * The backend that is connected may not be the one that gave out our ids.
   * @param epoch of the registration that it was asked about; another may have begun meanwhile
   */
  onIdentityMismatch(reason: string, epoch: number): void;
}

/** `host:port`, as one writes it in an URL. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
