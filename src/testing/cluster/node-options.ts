import type { Clock } from '../../base/clock';
import type { Logger } from '../../api/options';
import type { Faults } from '../faults';
import type { BackendProtocol, NodeRole } from '../protocol';
import type { Recorder } from '../record/recorder';
import type { OapVersion } from '../v2/exchange';
import type { TlsFiles } from '../server/listener';
import type { Store } from '../store/store';
import type { Inventory } from '../v3/inventory';
import type { Configurations } from '../v3/configurations';

export interface NodeOptions {
  /** Counted from 0. */
  readonly node: number;
  readonly protocol: BackendProtocol;
  readonly role: NodeRole;
  /** For v2. */
  readonly store: Store;
  /** For v3. */
  readonly inventory: Inventory;
  readonly configurations: Configurations;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: Faults;
  readonly recorder: Recorder;
  readonly token: string | undefined;
  readonly tls: TlsFiles | undefined;
  readonly oap: OapVersion;
  readonly idDelayMs: number;
  readonly deafMs: number;
  /** Whether the node is there that all nodes send their registrations to. */
  readonly hasRegistrar: () => boolean;
  readonly nameWaitMs: number;
  readonly nameRetryMs: number;
  readonly maxRecords: number;
  readonly maxNames: number;
  readonly checkHeartbeatName: boolean;
}
